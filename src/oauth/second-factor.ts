/** The place for a second factor when somebody signs in with a password on the provider's pages. */
import type { App } from '../app.ts'
import type { Account } from '../storage/account/profile.ts'

/**
 * Called when the password was right. To ask for a code, throw the provider's
 * `SecondAuthenticationFactorRequiredError('emailOtp', hint)`: the page then shows a field for it, and
 * calls again with what was typed. A wrong code is an `InvalidCredentialsError`.
 *
 * No account of this host has a second factor yet.
 */
export async function demandSecondFactor(
  _app: App,
  _account: Account,
  _code: string | undefined,
): Promise<void> {}
