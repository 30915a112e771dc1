/** The first page: who this is, and what should be looked at. */
import { html } from 'hono/html'
import { type Html, SETTINGS } from '../../layout.ts'
import { reviewSection } from '../sections/review.ts'
import type { View } from '../view.ts'

export async function overviewPage({ account, session, csrfToken }: View): Promise<Html> {
  const [passkeys, factors, appPasswords, reviewSince] = await Promise.all([
    account.passkeys.list(),
    account.factors.get(),
    account.passwords.listAppPasswords(),
    account.passwords.review(),
  ])
  const { handle, did, email, emailConfirmed, status } = session
  const isProtected = passkeys.length > 0 || factors.totp || factors.email
  const todo = [
    status === 'deactivated' &&
      html`The account is deactivated: nobody sees it. <a href="${SETTINGS}/data">Activate it</a>`,
    email === null &&
      html`There is no email address, which a forgotten password takes. <a href="${SETTINGS}/email">Add one</a>`,
    email !== null &&
      !emailConfirmed &&
      html`The email address is not confirmed. <a href="${SETTINGS}/email">Confirm it</a>`,
    !isProtected &&
      html`The password alone opens the account. <a href="${SETTINGS}/security">Add a passkey or a second factor</a>`,
  ].filter((item) => item !== false)
  return html`<h1>Your account</h1>
${reviewSince === null ? '' : reviewSection(reviewSince, { passkeys, appPasswords }, csrfToken)}
<section aria-labelledby="who">
<h2 id="who">@${handle}</h2>
<dl>
<dt>Email</dt><dd>${email ?? 'none'} ${email === null ? '' : confirmedMark(emailConfirmed)}</dd>
<dt>DID</dt><dd><code>${did}</code></dd>
<dt>Status</dt><dd>${status}</dd>
</dl>
</section>
${
  todo.length === 0
    ? ''
    : html`<section aria-labelledby="todo"><h2 id="todo">Worth a look</h2>
<ul>${todo.map((item) => html`<li>${item}</li>`)}</ul></section>`
}
<section aria-labelledby="where">
<h2 id="where">What is where</h2>
<dl>
<dt><a href="${SETTINGS}/security">Security</a></dt><dd>Password, passkeys, second factor</dd>
<dt><a href="${SETTINGS}/apps">Apps</a></dt><dd>Which apps may act for you; app passwords</dd>
<dt><a href="${SETTINGS}/devices">Devices</a></dt><dd>Browsers that are signed in</dd>
<dt><a href="${SETTINGS}/email">Email</a></dt><dd>Your address</dd>
<dt><a href="${SETTINGS}/handle">Handle</a></dt><dd>Your name</dd>
<dt><a href="${SETTINGS}/identity">Identity</a></dt><dd>Keys, history, recovery key</dd>
<dt><a href="${SETTINGS}/data">Data</a></dt><dd>Download; deactivate or delete the account</dd>
</dl>
</section>`
}

export const confirmedMark = (on: boolean): Html =>
  on
    ? html`<span class="state on">confirmed</span>`
    : html`<span class="state">not confirmed</span>`
