/** What the console's pages are made of. A page is a file in `pages/` and a line in `pages.ts`. */
import type { Context } from 'hono'
import type { Services } from '../../context/services.ts'
import type { BrowserSession } from '../account/browser-session.ts'
import type { PageBindings } from '../account/page-env.ts'
import type { Html } from '../layout.ts'

export interface ConsoleEnv {
  Bindings: PageBindings
  Variables: { session: BrowserSession }
}

export type ConsoleContext = Context<ConsoleEnv>

/** What is seen: in the frame, or a response of its own, such as a file. */
export type Seen = { title: string; main: Html } | Response

/** A page of the console, as data: the frame signs in, checks, writes the audit log and shows errors. */
export interface ConsolePage {
  /** Below `/admin/`, and its name in addresses. */
  readonly path: string
  /** In the navigation. */
  readonly title: string
  /** What is seen, by path below the page's own, as Hono writes paths: `''`, `'/:did'`. */
  readonly views: Readonly<Record<string, (c: ConsoleContext) => Seen | Promise<Seen>>>
  /** What forms do, by path below the page's own. */
  readonly actions: Readonly<Record<string, ConsoleAction>>
}

/** The fields of a form. */
export type Form = Readonly<Record<string, string>>

export interface ActionInput {
  c: ConsoleContext
  form: Form
  services: Services
}

/** What came of an action: where it leads, and what is said there; or what is shown, once. */
export type ActionResult = { to: string; done: string } | { title: string; main: Html }

/** Something that an operator does. */
export interface ConsoleAction {
  /** In the audit log, behind `console.`. */
  readonly name: string
  /**
   * It ends something, or gives somebody power: whoever does it has shown a passkey or a code within the last
   * `FACTOR_AGE`.
   */
  readonly dangerous?: boolean
  /** Of an account whose handle must be typed into the field `confirm`: its DID. */
  readonly confirmBy?: (input: ActionInput) => string
  /** What is written down of it: as `audit-detail.ts` keeps it. Default: nothing. */
  readonly about?: (input: ActionInput) => Record<string, unknown>
  /** Where one goes on from an error. */
  readonly back?: (input: ActionInput) => string
  run(input: ActionInput): ActionResult | Promise<ActionResult>
}

/** What just happened, in words, by the `done` of the address. */
export type Notices = Readonly<Record<string, string>>
