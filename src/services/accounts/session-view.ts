import type { App } from '../../app.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { Session } from '../../storage/account/sessions.ts'
import { issueTokens, type TokenPair } from './session-tokens.ts'

/** The tokens of a session that was opened or refreshed. */
export function sessionTokens(
  { config }: App,
  did: string,
  { scope, id, family }: Session,
): Promise<TokenPair> {
  const issuer = { secret: config.jwtSecret, serviceDid: config.serviceDid }
  return issueTokens(issuer, { did, scope, id, family })
}

/** What session methods tell an account about itself. @param withEmail whether the caller may know the address */
export function sessionView(account: Account, withEmail = true) {
  return {
    did: account.did,
    handle: account.handle,
    ...(withEmail &&
      account.email !== null && {
        email: account.email,
        emailConfirmed: account.emailConfirmedAt !== null,
        emailAuthFactor: account.emailAuthFactor,
      }),
    active: account.status === 'active',
    ...(account.status !== 'active' && { status: account.status }),
  }
}
