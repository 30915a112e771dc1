import { type RouteRule, type ServiceName, rules as table } from './policy.ts'

/** Where one method goes, and the rule that said so (none: nothing in the table matched). */
export type Route =
  | { to: 'local' }
  | { to: 'proxy'; service: ServiceName; rule: RouteRule }
  | { to: 'refuse'; rule?: RouteRule }

/** The rule that applies to `nsid`: an exact one, or else the one with the longest namespace. */
export function findRule(nsid: string, rules: readonly RouteRule[] = table): RouteRule | undefined {
  let best: RouteRule | undefined
  for (const rule of rules) {
    const matches = rule.match.endsWith('.*')
      ? nsid.startsWith(rule.match.slice(0, -1))
      : nsid === rule.match
    if (matches && (!best || specificity(rule) > specificity(best))) best = rule
  }
  return best
}

/** Decides the route of a method. Pure, so that the generator and the running server agree. */
export function decide(
  nsid: string,
  hasHandler: boolean,
  rules: readonly RouteRule[] = table,
): Route {
  if (hasHandler) return { to: 'local' }
  const rule = findRule(nsid, rules)
  return !rule || rule.to === 'refuse'
    ? { to: 'refuse', rule }
    : { to: 'proxy', service: rule.to, rule }
}

const specificity = (rule: RouteRule): number =>
  rule.match.endsWith('.*') ? rule.match.length - 1 : rule.match.length + 1
