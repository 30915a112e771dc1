/**
 * The provider is made once per isolate, and calls the stores without saying for which request: stubs of
 * objects and the log belong to one request each, and are found here.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { App } from '../app.ts'

const current = new AsyncLocalStorage<App>()

export const withApp = <T>(app: App, work: () => T): T => current.run(app, work)

/** The request that the provider is working on. */
export function currentApp(): App {
  const app = current.getStore()
  if (!app) throw new Error('the OAuth provider was called outside a request')
  return app
}
