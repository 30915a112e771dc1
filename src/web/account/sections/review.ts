import { html } from 'hono/html'
import type { AppPassword } from '../../../storage/account/app-passwords.ts'
import type { Passkey } from '../../../storage/account/passkeys.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { day } from '../time.ts'

/** After a new password: asks about what is good for signing in without it. */
export const reviewSection = (
  since: number,
  left: { passkeys: readonly Passkey[]; appPasswords: readonly AppPassword[] },
  csrfToken: string,
): Html => html`
<section aria-labelledby="review" class="once">
<h2 id="review">Are these all yours?</h2>
<p>Your password was changed ${day(new Date(since).toISOString())}. Whoever has one of these can still sign in:</p>
<ul>${left.passkeys.map(({ name }) => html`<li>Passkey <strong>${name}</strong></li>`)}
${left.appPasswords.map(({ name }) => html`<li>App password <strong>${name}</strong></li>`)}</ul>
<form method="post" action="${SETTINGS}/review" class="row">
${csrfTokenField(csrfToken)}
<button name="keep" value="yes" class="second">All mine, keep them</button>
<button name="remove" value="yes" class="danger">Remove them all</button>
</form>
</section>`
