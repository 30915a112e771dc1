/** Signs somebody in on the provider's pages. */
import { InvalidCredentialsError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Services } from '../context/services.ts'
import { unlessRefused } from '../services/objects/result.ts'
import { demandSecondFactor } from './second-factor.ts'
import { beginEpoch } from './store/epochs.ts'

export interface SignInAttempt {
  /** Handle, DID or e-mail address. */
  identifier: string
  password: string
  /** What the second field of the form holds, where the page asked for it. */
  code?: string
}

/**
 * Finds out whose password it is. Only main passwords count: an app password is for apps that know no OAuth.
 * The provider takes care that all failures take the same time.
 *
 * @returns the DID
 * @throws InvalidCredentialsError; InvalidRequestError for accounts that were taken down;
 *   SecondAuthenticationFactorRequiredError
 */
export async function checkSignIn(services: Services, attempt: SignInAttempt): Promise<string> {
  const { identifier, password } = attempt
  const found = await services.accounts.tryPassword({ identifier, password }, async (known) => {
    await beginEpoch(services, known)
    return services.account(known).passwords.verify(password)
  })
  if (!found) throw new InvalidCredentialsError()
  const { did } = found
  const account = await unlessRefused(services.account(did).profile.get())
  if (!account) throw new InvalidCredentialsError()
  if (account.status === 'takendown') throw new InvalidRequestError('Account has been taken down')
  await demandSecondFactor(services, account, attempt.code)
  return did
}

/** @throws InvalidCredentialsError */
export async function checkMainPassword(
  services: Services,
  did: string,
  password: string,
): Promise<void> {
  const found = await services.accounts.tryPassword({ identifier: did, password }, (known) =>
    services.account(known).passwords.verify(password),
  )
  if (!found) throw new InvalidCredentialsError()
}
