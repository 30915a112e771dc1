/** The methods among the lexicons, each with its route. */
import type { LexXrpcProcedure, LexXrpcQuery, LexXrpcSubscription } from '@atproto/lexicon'
import { decide, type Route } from '../src/routing/decide.ts'
import type { RouteRule } from '../src/routing/policy.ts'
import type { Lexicon } from './load.ts'

export type MethodDef = LexXrpcQuery | LexXrpcProcedure | LexXrpcSubscription

/** A lexicon whose main def is a query, a procedure or a subscription. */
export interface Method {
  nsid: string
  def: MethodDef
  route: Route
  /** Its lexicon is the package's. */
  isBase?: boolean
  /** Whose handler serves it; undefined: it is not served here. */
  handledBy?: 'project' | 'package'
  /** The project's handler is in place of the package's. */
  overrides: boolean
}

/** The NSIDs with a handler file: of the project, and of the package that it builds on. */
export interface Handled {
  project: ReadonlySet<string>
  base?: ReadonlySet<string>
}

/** Routes every method of `lexicons`, in their order. */
export function routeMethods(
  lexicons: readonly Lexicon[],
  { project, base }: Handled,
  rules: readonly RouteRule[],
): Method[] {
  return lexicons.flatMap(({ nsid, doc, isBase }) => {
    const def = doc.defs.main
    if (!def || !isMethod(def)) return []
    const isOurs = project.has(nsid)
    const isTheirs = base?.has(nsid) ?? false
    const route = decide(nsid, isOurs || isTheirs, rules)
    const handledBy = isOurs ? 'project' : isTheirs ? 'package' : undefined
    return [{ nsid, def, route, isBase, handledBy, overrides: isOurs && isTheirs }]
  })
}

export const isMethod = (def: { type: string }): def is MethodDef =>
  def.type === 'query' || def.type === 'procedure' || def.type === 'subscription'

/** What the project defines, and what it serves in place of the package. */
export const isOurs = ({ isBase, handledBy }: Method): boolean => !isBase || handledBy === 'project'
