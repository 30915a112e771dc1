/** What every form asks for in which somebody signs in with a password; the script offers passkeys at the first of them. */
import { html } from 'hono/html'
import type { Html } from '../layout.ts'

export const signInFields = (
  identifier: string,
): Html => html`<label for="identifier">Handle or email address</label>
<input id="identifier" name="identifier" value="${identifier}" autocomplete="username webauthn" autocapitalize="none"
 spellcheck="false" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="512" required>`
