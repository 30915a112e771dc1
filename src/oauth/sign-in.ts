/** Signs somebody in on the provider's pages. */
import { InvalidCredentialsError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account } from '@atproto/oauth-provider/store'
import type { Services } from '../context/services.ts'
import { MAX_TRIED_LENGTH } from '../services/accounts/passwords.ts'
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
  const found = await services.accounts.findByIdentifier(attempt.identifier)
  if (!found) throw new InvalidCredentialsError()
  const { did } = found
  await beginEpoch(services, did)
  await checkMainPassword(services, did, attempt.password)
  const account = await unlessRefused(services.account(did).profile.get())
  if (!account) throw wrongPassword(did)
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
  if (password.length <= MAX_TRIED_LENGTH) {
    // Refused where the account was deleted a moment ago.
    if (await unlessRefused(services.account(did).passwords.verify(password))) return
  }
  throw wrongPassword(did)
}

/** The DID is for the provider's hooks only; the page does not learn that the account exists. */
const wrongPassword = (did: string) => new InvalidCredentialsError(undefined, did as Account['did'])
