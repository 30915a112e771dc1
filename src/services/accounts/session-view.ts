import type { Account } from '../../storage/account/profile.ts'

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
