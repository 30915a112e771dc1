/** Before the operator has approved an account, or its address is confirmed, nothing of it leaves the host. */
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'

type Parts = Pick<AccountCore, 'profile' | 'config'>

/** Records, identity, activation, requests that change something elsewhere. @throws StorageError (403) */
export function assertMayPublish(parts: Parts): void {
  const { profile, config } = parts
  assertApproved(parts)
  const { email, emailConfirmedAt } = profile.get()
  if (!config.signUps.emailConfirmRequired || email === null || emailConfirmedAt !== null) return
  throw new StorageError(
    'EmailNotConfirmed',
    `Confirm your email address first: sign in at ${config.publicUrl}/account, or ask your app for the code that is ` +
      'mailed to you.',
    403,
  )
}

/** What is stored, and seen only when the account is activated: imports, and blobs of whoever moves here. */
export function assertMayStore(parts: Parts): void {
  if (parts.profile.get().status === 'deactivated') assertApproved(parts)
  else assertMayPublish(parts)
}

/** @throws StorageError `AccountPending` (403) */
export function assertApproved({ profile }: Pick<Parts, 'profile'>): void {
  if (!profile.get().awaitsApproval) return
  throw new StorageError(
    'AccountPending',
    'This account waits for the approval of this host\u2019s operator. You are told by mail.',
    403,
  )
}
