/** Signs somebody in on the provider's pages. */
import { InvalidCredentialsError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account } from '@atproto/oauth-provider/store'
import type { App } from '../app.ts'
import { findByIdentifier } from '../services/accounts/identifier.ts'
import { MAX_TRIED_LENGTH } from '../services/accounts/passwords.ts'
import { demandSecondFactor } from './second-factor.ts'

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
export async function checkSignIn(app: App, attempt: SignInAttempt): Promise<string> {
  const resident = await findByIdentifier(app, attempt.identifier)
  if (!resident) throw new InvalidCredentialsError()
  const { did } = resident
  await checkMainPassword(app, did, attempt.password)
  const account = await app.account(did).getAccount()
  if (!account.ok) throw wrongPassword(did)
  if (account.value.status === 'takendown') {
    throw new InvalidRequestError('Account has been taken down')
  }
  await demandSecondFactor(app, account.value, attempt.code)
  return did
}

/** @throws InvalidCredentialsError */
export async function checkMainPassword(app: App, did: string, password: string): Promise<void> {
  if (password.length <= MAX_TRIED_LENGTH) {
    const checked = await app.account(did).checkPassword(password)
    // Refused where the account was deleted a moment ago.
    if (checked.ok && checked.value) return
  }
  throw wrongPassword(did)
}

/** The DID is for the provider's hooks only; the page does not learn that the account exists. */
const wrongPassword = (did: string) => new InvalidCredentialsError(undefined, did as Account['did'])
