/** The second factor, when somebody signs in with a password on the provider's pages. */
import {
  InvalidCredentialsError,
  SecondAuthenticationFactorRequiredError,
} from '@atproto/oauth-provider/errors'
import type { Account as Subject } from '@atproto/oauth-provider/store'
import type { App } from '../app.ts'
import { mailSignInCode } from '../services/factors/email-code.ts'
import { unwrap } from '../services/objects/result.ts'
import type { Account } from '../storage/account/profile.ts'
import { inOAuthWords } from './store/errors.ts'

/**
 * Called when the password was right. Where a code is asked for and there is none, the page shows a field for it
 * and calls again with what was typed. The field is made for codes by mail: it takes recovery codes too, which look
 * the same, but no six digits. Those are typed on this host's own page, to which a link leads.
 *
 * @throws SecondAuthenticationFactorRequiredError; InvalidCredentialsError when the code is wrong; OAuthError 429
 */
export async function demandSecondFactor(
  app: App,
  { did, email, emailAuthFactor }: Account,
  code: string | undefined,
): Promise<void> {
  const checked = await app.account(did).checkCode(code)
  if (checked.ok) return
  const { name, message } = checked.refused
  if (name === 'AuthFactorTokenRequired') {
    await inOAuthWords(() => mailSignInCode(app, did))
    throw new SecondAuthenticationFactorRequiredError(
      'emailOtp',
      emailAuthFactor && email !== null ? mask(email) : NO_MAIL,
    )
  }
  if (name === 'AuthenticationRequired') {
    throw new InvalidCredentialsError(message, did as Subject['did'])
  }
  await inOAuthWords(async () => unwrap(checked))
}

/** The page says "Check your … email for a login code and enter it here." */
const NO_MAIL = 'recovery codes (or use the link below for an authenticator app), not your'

/** Enough for the owner to know which address is meant. */
const mask = (email: string): string => email.replace(/^(.)[^@]*/, '$1***')
