import type { Context } from 'hono'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import type { BrowserSession } from './browser-session.ts'

/** What the routes of the pages are given. */
export interface PageBindings {
  services: Services
  context: RequestContext
}

export interface PageEnv {
  Bindings: PageBindings
  Variables: { session: BrowserSession }
}

export type PageContext = Context<PageEnv>
