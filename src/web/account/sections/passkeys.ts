import { html } from 'hono/html'
import type { Passkey } from '../../../storage/account/passkeys.ts'
import { csrfTokenField, type Html, SETTINGS, scriptAlert } from '../../layout.ts'
import { day } from '../time.ts'

export const passkeySection = (passkeys: readonly Passkey[], csrfToken: string): Html => html`
<section aria-labelledby="passkeys">
<h2 id="passkeys">Passkeys</h2>
<p>Sign in with your fingerprint, face or PIN instead of a password. Nothing that could be stolen leaves your device,
and no code is asked for.</p>
${
  passkeys.length === 0
    ? html`<p class="quiet">There are none yet.</p>`
    : html`<ul class="list">${passkeys.map((passkey, index) => item(passkey, index, csrfToken))}</ul>`
}
${scriptAlert()}
<form data-passkey="register" class="row" hidden>
<div class="grow"><label for="passkey-name">Name of a new passkey</label>
<input id="passkey-name" name="name" maxlength="60" placeholder="phone" required></div>
<button>Add a passkey</button>
</form>
<p class="quiet" data-without-passkeys>Adding one takes a browser with passkeys and JavaScript.</p>
</section>`

const item = (passkey: Passkey, index: number, csrfToken: string): Html => html`<li class="item">
<div><strong>${passkey.name}</strong> ${kind(passkey)}<br>
<span class="quiet">Added ${day(passkey.createdAt)}, ${
  passkey.lastUsedAt === null ? 'never used' : html`last used ${day(passkey.lastUsedAt)}`
}</span>
<details><summary>Rename</summary>
<form class="row" method="post" action="${SETTINGS}/passkeys/rename">
${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${passkey.id}">
<div class="grow"><label for="rename-${index}">New name</label>
<input id="rename-${index}" name="name" value="${passkey.name}" maxlength="60" required></div>
<button class="second">Rename</button></form></details></div>
<form method="post" action="${SETTINGS}/passkeys/remove">
${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${passkey.id}">
<button class="danger" aria-label="Remove the passkey ${passkey.name}">Remove</button></form>
</li>`

const kind = ({ backedUp, transports }: Passkey): Html =>
  html`<span class="state">${
    backedUp ? 'synced' : transports.includes('internal') ? 'this device only' : 'security key'
  }</span>`
