/** Signing in for an app, or on the OAuth provider's account page, in ways that the provider's pages have not got. */
import { html } from 'hono/html'
import { alertBox, type Html, type PageConfig, page, scriptAlert } from '../layout.ts'
import { APP_SIGN_IN } from './alternative-sign-in.ts'
import { signInFields } from './sign-in-fields.ts'

export interface AppSignIn {
  /** Path and query of the provider's page that somebody came from, and goes back to. */
  next: string
  alert?: string
  identifier?: string
}

export const appSignInPage = (
  config: PageConfig,
  { next, alert, identifier = '' }: AppSignIn,
): Html =>
  page({
    title: 'Sign in',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Sign in</h1>
${alertBox(alert)}${scriptAlert()}
<section>
<form data-passkey="app" hidden>
<button class="wide">Sign in with a passkey</button>
<input type="hidden" name="next" value="${next}">
<p class="or">or</p>
</form>
<form method="post" action="${APP_SIGN_IN}">
<input type="hidden" name="next" value="${next}">
${signInFields(identifier)}
<label for="code">Code of your authenticator app, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40">
<button class="wide second">Sign in with password and code</button>
</form>
</section>
<p class="quiet">You stay signed in with this browser until you sign out at <a href="/account">your account</a>.</p>
<p><a href="${next}">Back</a></p>
</div>`,
  })

/** Shown for a moment, or until the link is followed. */
export const signedInPage = (config: PageConfig, next: string): Html =>
  page({
    title: 'Signed in',
    config,
    main: html`<div class="narrow">
<h1>Signed in</h1>
<p><a href="${next}">Continue</a></p>
</div>`,
  })
