import type { Account } from '../storage/account/profile.ts'

/** What session methods tell an account about itself. */
export function sessionView(account: Account) {
  return {
    did: account.did,
    handle: account.handle,
    ...(account.email !== null && { email: account.email, emailConfirmed: false }),
    active: account.status === 'active',
    ...(account.status !== 'active' && { status: account.status }),
  }
}
