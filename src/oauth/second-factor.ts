/** The second factor, when somebody signs in with a password on the provider's pages. */
import {
  InvalidCredentialsError,
  SecondAuthenticationFactorRequiredError,
} from '@atproto/oauth-provider/errors'
import type { Account as Subject } from '@atproto/oauth-provider/store'
import { XRPCError } from '@atproto/xrpc-server'
import type { Services } from '../context/services.ts'
import type { Account } from '../storage/account/profile.ts'
import { toOAuthError, toOAuthErrors } from './store/errors.ts'

/**
 * Called when the password was right. Where a code is asked for and there is none, the page shows a field for it
 * and calls again with what was typed. The field is made for codes by mail: it takes recovery codes too, which look
 * the same, but no six digits. Those are typed on this host's own page, to which a link leads.
 *
 * @throws SecondAuthenticationFactorRequiredError; InvalidCredentialsError when the code is wrong; OAuthError 429
 */
export async function demandSecondFactor(
  services: Services,
  { did, email, emailAuthFactor }: Account,
  code: string | undefined,
): Promise<void> {
  try {
    await services.account(did).factors.check(code)
  } catch (error) {
    const name = error instanceof XRPCError ? error.customErrorName : undefined
    if (name === 'AuthFactorTokenRequired') {
      await toOAuthErrors(() => services.mailedCodes.send(did))
      throw new SecondAuthenticationFactorRequiredError(
        'emailOtp',
        emailAuthFactor && email !== null ? mask(email) : NO_MAIL,
      )
    }
    if (name === 'AuthenticationRequired') {
      const { message } = error as XRPCError
      throw new InvalidCredentialsError(message, did as Subject['did'])
    }
    throw toOAuthError(error)
  }
}

/** The page says "Check your … email for a login code and enter it here." */
const NO_MAIL = 'recovery codes (or use the link below for an authenticator app), not your'

/** Enough for the owner to know which address is meant. */
const mask = (email: string): string => email.replace(/^(.)[^@]*/, '$1***')
