/**
 * Services live as long as their isolate and serve all its requests: what belongs to one request, its log, its
 * rate limits and the time after its answer, they find here. So does the OAuth provider, which calls its stores
 * without saying for which request.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestContext } from './request.ts'

const current = new AsyncLocalStorage<RequestContext>()

/** Runs `work` for a request; within it, and in what it starts, `currentRequest` returns that request. */
export const withRequest = <T>(context: RequestContext, work: () => T): T =>
  current.run(context, work)

/** The request that is being worked on. @throws Error outside a request: a bug */
export function currentRequest(): RequestContext {
  const context = current.getStore()
  if (!context) throw new Error('there is no current request')
  return context
}
