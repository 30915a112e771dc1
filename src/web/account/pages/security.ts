/** How somebody signs in: password, passkeys, second factor. */
import { html } from 'hono/html'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { passkeySection } from '../sections/passkeys.ts'
import { factorSection } from '../sections/second-factor.ts'
import type { View } from '../view.ts'

export async function securityPage({ account, session, csrfToken }: View): Promise<Html> {
  const [passkeys, factors] = await Promise.all([account.passkeys.list(), account.factors.get()])
  return html`<h1>Security</h1>
${passkeySection(passkeys, csrfToken)}
${factorSection(factors, session, csrfToken)}
<section aria-labelledby="password">
<h2 id="password">Password</h2>
<p>A new password signs you out everywhere, here too. Passkeys and app passwords stay.</p>
<form method="post" action="${SETTINGS}/password">
${csrfTokenField(csrfToken)}<input type="hidden" name="username" value="${session.handle}" autocomplete="username">
<label for="current">Password that you have now</label>
<input id="current" name="current" type="password" autocomplete="current-password" maxlength="512" required>
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" minlength="8" maxlength="256" required>
<button>Change the password</button>
</form>
</section>`
}
