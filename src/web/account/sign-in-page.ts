/** Signing in to the account page: with a passkey, or with a password and, where it is asked for, a code. */
import { html } from 'hono/html'
import {
  alertBox,
  type Html,
  noticeBox,
  type PageConfig,
  page,
  SETTINGS,
  scriptAlert,
} from '../layout.ts'
import type { KnownAccount } from './resume.ts'
import { signInFields } from './sign-in-fields.ts'

export interface SignInPage {
  alert?: string
  notice?: string | undefined
  identifier?: string
  /** Where it leads, if not to the account pages. */
  next?: string | undefined
  /** Accounts that the browser is signed in to with the OAuth provider. */
  known?: readonly KnownAccount[]
}

export const signInPage = (
  config: PageConfig,
  { alert, notice, identifier = '', next, known = [] }: SignInPage = {},
): Html =>
  page({
    title: 'Sign in',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Sign in</h1>
${alertBox(alert)}${noticeBox(notice)}${scriptAlert()}
${known.length === 0 ? '' : chooser(known)}
<section>
<form data-passkey="sign-in" hidden>
${nextField(next)}<button class="wide">Sign in with a passkey</button>
<p class="or">or</p>
</form>
<form method="post" action="${SETTINGS}/sign-in">
${nextField(next)}${signInFields(identifier)}
${REMEMBER}
<button class="wide second">Sign in with the password</button>
</form>
</section>
<p class="quiet">The main password, not one that you made for an app.
<a href="/account/reset-password">Forgotten?</a></p>
</div>`,
  })

/** One choice for both ways to sign in: the script reads it too. */
const REMEMBER = html`
<label class="check"><input type="checkbox" id="remember" name="remember" value="yes"> Stay signed in
with this browser, for a week. Only where nobody else uses it</label>`

const chooser = (known: readonly KnownAccount[]): Html => html`
<section aria-labelledby="known">
<h2 id="known">Go on as</h2>
${known.map(
  ({ did, handle }) => html`<form method="post" action="${SETTINGS}/sign-in/known">
<button class="wide" name="did" value="${did}">@${handle}</button></form>`,
)}
</section>`

const nextField = (next: string | undefined): Html | '' =>
  next === undefined
    ? ''
    : html`<input type="hidden" name="next" value="${next}">
`

export interface CodePage {
  did: string
  ticket: string
  /** What the user is asked for, as a sentence. */
  wanted: string
  /** Whether the browser is to stay signed in. */
  remember: boolean
  alert?: string
  next?: string | undefined
}

export const codePage = (
  config: PageConfig,
  { did, ticket, wanted, remember, alert, next }: CodePage,
): Html =>
  page({
    title: 'Second step',
    config,
    main: html`<div class="narrow">
<h1>Second step</h1>
${alertBox(alert)}
<section>
<form method="post" action="${SETTINGS}/sign-in/code">
<input type="hidden" name="did" value="${did}">
<input type="hidden" name="ticket" value="${ticket}">
<input type="hidden" name="wanted" value="${wanted}">
<input type="hidden" name="remember" value="${remember ? 'yes' : ''}">
${nextField(next)}
<label for="code">Code</label>
<p class="quiet" id="wanted">${wanted}. A recovery code will do too.</p>
<input id="code" name="code" aria-describedby="wanted" autocomplete="one-time-code" autocapitalize="none"
 spellcheck="false" maxlength="40" required autofocus>
<button class="wide">Sign in</button>
</form>
</section>
<p><a href="${SETTINGS}">Begin again</a></p>
</div>`,
  })

/** Where a link with a one-time token leads. The token is behind the #, which no server and no log sees. */
export const linkPage = (config: PageConfig): Html =>
  page({
    title: 'Add a passkey',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Add a passkey</h1>
${scriptAlert()}
<p class="note bad" data-without-passkeys>This takes a browser with passkeys and JavaScript.</p>
<p class="note good" id="passkey-done" tabindex="-1" hidden>The passkey was added. <a href="${SETTINGS}">Sign in with
it.</a></p>
<section>
<p>This link adds a passkey to the account that it was made for. It works once, within 15 minutes.</p>
<form data-passkey="link" hidden>
<label for="name">Name, such as “phone”</label>
<input id="name" name="name" maxlength="60" value="My passkey" required>
<button class="wide">Create the passkey</button>
</form>
</section>
</div>`,
  })
