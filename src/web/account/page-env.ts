import type { Context } from 'hono'
import type { App } from '../../app.ts'
import type { Visitor } from './browser-session.ts'

/** What the routes of the pages are given. */
export interface PageEnv {
  Bindings: { app: App }
  Variables: { visitor: Visitor }
}

export type PageContext = Context<PageEnv>
