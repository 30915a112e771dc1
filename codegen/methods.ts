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
}

/** Routes every method of `lexicons`, in their order; `handled` holds the NSIDs with a handler file. */
export function routeMethods(
  lexicons: readonly Lexicon[],
  handled: ReadonlySet<string>,
  rules: readonly RouteRule[],
): Method[] {
  return lexicons.flatMap(({ nsid, doc }) => {
    const def = doc.defs.main
    return def && isMethod(def)
      ? [{ nsid, def, route: decide(nsid, handled.has(nsid), rules) }]
      : []
  })
}

export const isMethod = (def: { type: string }): def is MethodDef =>
  def.type === 'query' || def.type === 'procedure' || def.type === 'subscription'
