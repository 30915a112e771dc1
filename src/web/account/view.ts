/** What an account page is made of. */
import type { Services } from '../../context/services.ts'
import type { AccountClient } from '../../services/objects/stubs.ts'
import type { BrowserSession } from './browser-session.ts'

export interface View {
  readonly services: Services
  readonly session: BrowserSession
  /** The account's object, asked by whoever is signed in. */
  readonly account: AccountClient
  readonly csrfToken: string
  readonly request: Request
}
