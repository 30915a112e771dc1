/** Showing a passkey or a code again, in a session that is open. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { csrfTokenOf } from '../account/browser-session.ts'
import { failureOf } from '../account/failure.ts'
import { field, jsonBody } from '../account/form.ts'
import { limitSignIn } from '../account/limits.ts'
import { findPasskey } from '../account/passkey-sign-in.ts'
import { alertBox, csrfTokenField, type Html, SETTINGS, scriptAlert } from '../layout.ts'
import { consoleFrame } from './frame.ts'
import type { ConsoleContext, ConsoleEnv } from './page.ts'
import { ADMIN, consolePath } from './paths.ts'

/** For how long what was shown is enough for what is dangerous, in ms. */
export const FACTOR_AGE = 10 * 60 * 1000

export const factor = new Hono<ConsoleEnv>()
  .post('/code', async (c) => {
    const { did, token } = c.var.session
    const next = consolePath(await field(c, 'next')) ?? ADMIN
    try {
      await limitSignIn(c, did)
      const code = await field(c, 'code')
      await c.env.services.account(did).browserSessions.showCode(token, code)
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(await factorPage(c, next, alert), status)
    }
    return c.redirect(next, 303)
  })
  .post('/passkey', async (c) => {
    const { did, token } = c.var.session
    const { answer } = await jsonBody(c)
    const shown = await findPasskey(c, answer, did)
    if (shown.did !== did) throw new InvalidRequestError('This passkey is of another account')
    await c.env.services.account(did).browserSessions.confirmByPasskey(token, shown.id, shown.json)
    return c.json({})
  })

/** Asks for what an operator has to show. @param next where it leads */
export async function factorPage(c: ConsoleContext, next: string, alert?: string): Promise<Html> {
  const { services } = c.env
  const { session } = c.var
  const account = services.account(session.did)
  const [{ totp, recoveryCodes }, passkeys] = await Promise.all([
    account.factors.get(),
    account.passkeys.list(),
  ])
  const hasCode = totp || recoveryCodes > 0
  const token = csrfTokenField(csrfTokenOf(session))
  const main = html`<div class="narrow">
<h1>Show that it is you</h1>
${alertBox(alert)}${scriptAlert()}
<p>What comes next takes more than a password.</p>
<section>
${
  passkeys.length > 0
    ? html`<form data-passkey="factor" hidden>
<input type="hidden" name="next" value="${next}">
<button class="wide">Use a passkey</button>
</form>`
    : ''
}
${
  hasCode
    ? html`<form method="post" action="${ADMIN}/factor/code">${token}
<input type="hidden" name="next" value="${next}">
<label for="code">Code of your authenticator app, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40" required>
<button class="wide second">Go on with the code</button>
</form>`
    : ''
}
${
  hasCode || passkeys.length > 0
    ? ''
    : html`<p>This account has neither a passkey nor an authenticator app. Whoever has the operator’s password makes a
link for a passkey: <code>npx cumulus passkey</code>.</p>`
}
</section>
<p><a href="${SETTINGS}/security">Security of your account</a></p>
</div>`
  return consoleFrame(services, session, { title: 'Show that it is you', main, pages: [] })
}
