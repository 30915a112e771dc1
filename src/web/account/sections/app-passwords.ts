import { html } from 'hono/html'
import type { AppPassword } from '../../../storage/account/app-passwords.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { day } from '../time.ts'

export const appPasswordSection = (
  passwords: readonly AppPassword[],
  csrfToken: string,
): Html => html`
<section aria-labelledby="app-passwords">
<h2 id="app-passwords">App passwords</h2>
<p>For an app that you would not give your main password. It can post for you, but not change your account.</p>
${
  passwords.length === 0
    ? html`<p class="quiet">There are none.</p>`
    : html`<ul class="list">${passwords.map((password) => item(password, csrfToken))}</ul>`
}
<form method="post" action="${SETTINGS}/app-passwords">
${csrfTokenField(csrfToken)}
<label for="app-name">Name of the app</label>
<input id="app-name" name="name" maxlength="100" autocomplete="off" required>
<label class="check"><input type="checkbox" name="privileged" value="yes"> It may also read and send direct
messages</label>
<button>Make an app password</button>
</form>
</section>`

const item = (
  { name, privileged, createdAt }: AppPassword,
  csrfToken: string,
): Html => html`<li class="item">
<div><strong>${name}</strong> ${privileged ? html`<span class="state">with messages</span>` : ''}<br>
<span class="quiet">Made ${day(createdAt)}</span></div>
<form method="post" action="${SETTINGS}/app-passwords/revoke">
${csrfTokenField(csrfToken)}<input type="hidden" name="name" value="${name}">
<button class="danger" aria-label="Revoke the app password ${name}">Revoke</button></form>
</li>`

/** Shown once: only its hash is kept. */
export const newAppPassword = (name: string, password: string): Html => html`
<section aria-labelledby="new-password" class="once">
<h2 id="new-password">The password for ${name}</h2>
<p>Type it into the app as your password. It is shown only now.</p>
<code class="secret">${password}</code>
</section>`
