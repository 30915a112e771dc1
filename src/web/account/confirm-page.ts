import { html } from 'hono/html'
import { alertBox, csrfTokenField, type Html, SETTINGS, scriptAlert } from '../layout.ts'
import type { BrowserSession } from './browser-session.ts'
import { type PageName, pathOf } from './navigation.ts'

export interface ConfirmPage {
  /** The page that somebody comes from, and goes back to. */
  next: PageName
  session: Pick<BrowserSession, 'handle'>
  csrfToken: string
  /** Which code is asked for beside the password, as a sentence. */
  wanted?: string
  alert?: string
}

/** Asks for credentials again. */
export const confirmPage = ({ next, session, csrfToken, wanted, alert }: ConfirmPage): Html => html`
<div class="narrow">
<h1>Confirm that it is you</h1>
${alertBox(alert)}${scriptAlert()}
<p>What you are about to do is not for whoever sits down at your computer. For a quarter of an hour you will not be
asked again.</p>
<section>
<form data-passkey="confirm" hidden>
<input type="hidden" name="next" value="${next}">
<button class="wide">Use a passkey</button>
<p class="or">or</p>
</form>
<form method="post" action="${SETTINGS}/confirm">
${csrfTokenField(csrfToken)}<input type="hidden" name="next" value="${next}">
<input type="hidden" name="username" value="${session.handle}" autocomplete="username">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="512" required>
${
  wanted === undefined
    ? ''
    : html`<label for="code">Code</label>
<p class="quiet" id="wanted">${wanted}. A recovery code will do too.</p>
<input id="code" name="code" aria-describedby="wanted" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
 maxlength="40" required>`
}
<button class="wide second">Go on</button>
</form>
</section>
<p><a href="${pathOf(next)}">Back, without it</a></p>
</div>`
