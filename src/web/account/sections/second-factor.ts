import { html } from 'hono/html'
import type { Factors, TotpSetup } from '../../../contracts/account/sign-in.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import type { BrowserSession } from '../browser-session.ts'
import { qrCode } from '../qr.ts'

export const factorSection = (
  factors: Factors,
  session: BrowserSession,
  csrfToken: string,
): Html => html`
<section aria-labelledby="second-factor">
<h2 id="second-factor">Second factor</h2>
<p>A code that is asked for beside your main password. Apps that cannot ask for one use an
<a href="${SETTINGS}/apps">app password</a>.</p>
<ul class="list">
<li class="item"><div><strong>Authenticator app</strong> ${state(factors.totp)}<br>
<span class="quiet">Six digits from an app on your phone.</span></div>
${
  factors.totp
    ? button('totp/remove', 'Switch off', 'danger', csrfToken, 'Switch off the authenticator app')
    : button('totp/begin', 'Set up', '', csrfToken, 'Set up an authenticator app')
}</li>
<li class="item"><div><strong>Code by mail</strong> ${state(factors.email)}<br>
<span class="quiet">${mailHint(session)}</span></div>${mailButton(factors.email, session, csrfToken)}</li>
${factors.totp || factors.email ? recoveryItem(factors, csrfToken) : ''}
</ul>
</section>`

const state = (on: boolean): Html =>
  on ? html`<span class="state on">on</span>` : html`<span class="state">off</span>`

const button = (path: string, text: string, kind: string, csrfToken: string, label = text): Html =>
  html`<form method="post" action="${SETTINGS}/${path}">${csrfTokenField(csrfToken)}<button class="${kind}"
 aria-label="${label}">${text}</button></form>`

const mailHint = ({ email, emailConfirmed }: BrowserSession): Html | string => {
  if (email === null) return 'The account has no email address.'
  return emailConfirmed
    ? html`To ${email}.`
    : html`<a href="${SETTINGS}/email">Confirm ${email}</a> first.`
}

const mailButton = (
  on: boolean,
  { emailConfirmed }: BrowserSession,
  csrfToken: string,
): Html | '' => {
  if (on)
    return button('email-code/off', 'Switch off', 'danger', csrfToken, 'Switch off codes by mail')
  return emailConfirmed
    ? button('email-code/on', 'Switch on', '', csrfToken, 'Switch on codes by mail')
    : ''
}

const recoveryItem = ({ recoveryCodes }: Factors, csrfToken: string): Html => html`
<li class="item"><div><strong>Recovery codes</strong> <span class="state">${recoveryCodes} left</span><br>
<span class="quiet">For when you have neither phone nor mail.</span></div>
${button('recovery-codes', recoveryCodes === 0 ? 'Make codes' : 'Make new codes', 'second', csrfToken)}</li>`

/** Shown once: nobody can look them up again. */
export const recoveryCodes = (codes: readonly string[]): Html => html`
<section aria-labelledby="codes" class="once">
<h2 id="codes">Your recovery codes</h2>
<p>Write them down or print them, and keep them where you keep papers. Each works once. They are shown only now.</p>
<ul class="codes secret">${codes.map((code) => html`<li>${code}</li>`)}</ul>
</section>`

export const totpPage = async (
  { uri, secret }: TotpSetup,
  csrfToken: string,
  alert: Html | '',
): Promise<Html> => html`<div class="narrow">
<h1>Set up an authenticator app</h1>
${alert}
<section>
<ol>
<li>Open your authenticator app and scan this:
${await qrCode(uri, 'QR code for the authenticator app; the key below says the same')}
<p>Or type this key: <code class="secret">${secret.match(/.{1,4}/g)?.join(' ') ?? ''}</code></p></li>
<li><form method="post" action="${SETTINGS}/totp/confirm">${csrfTokenField(csrfToken)}
<label for="code">The code that the app shows now</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="10" required>
<button class="wide">Switch on</button></form></li>
</ol>
</section>
<p><a href="${SETTINGS}/security">Back, without switching it on</a></p>
</div>`
