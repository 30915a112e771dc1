import { defaultService, type RouteRule, type ServiceName, rules as table } from './policy.ts'

/** Where one method goes, and the rule that said so (none: nothing in the table matched). */
export type Route =
  | { to: 'local' }
  | { to: 'proxy'; service: ServiceName; rule?: RouteRule }
  | { to: 'refuse'; rule: RouteRule }

/**
 * The rule that applies to `nsid`: an exact one, or else the one with the longest namespace. Capitals make
 * no difference: other servers may take `COM.ATPROTO.server.getSession` for the method it looks like.
 */
export function findRule<Rule extends { readonly match: string }>(
  nsid: string,
  rules: readonly Rule[],
): Rule | undefined {
  const name = nsid.toLowerCase()
  let best: Rule | undefined
  for (const rule of rules) {
    const match = rule.match.toLowerCase()
    const matches = match.endsWith('.*') ? name.startsWith(match.slice(0, -1)) : name === match
    if (matches && (!best || specificity(rule) > specificity(best))) best = rule
  }
  return best
}

/**
 * Whether the policy table refuses a method by name, because its namespace belongs to a PDS. Then neither a
 * header nor a setting sends it to anybody else.
 */
export const isOwned = (nsid: string): boolean => findRule(nsid, table)?.to === 'refuse'

/** Decides the route of a method. Pure, so that the generator and the running server agree. */
export function decide(
  nsid: string,
  hasHandler: boolean,
  rules: readonly RouteRule[] = table,
): Route {
  if (hasHandler) return { to: 'local' }
  const rule = findRule(nsid, rules)
  if (!rule) return { to: 'proxy', service: defaultService }
  return rule.to === 'refuse' ? { to: 'refuse', rule } : { to: 'proxy', service: rule.to, rule }
}

const specificity = ({ match }: { match: string }): number =>
  match.endsWith('.*') ? match.length - 1 : match.length + 1
