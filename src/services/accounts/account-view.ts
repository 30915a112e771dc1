/** Accounts as the operator sees them (`com.atproto.admin.defs#accountView`). */
import type { AdministeredAccount } from '../../storage/directory/account-list.ts'
import type { InviteCode } from '../../storage/directory/invite-code.ts'
import type { HostObjects } from '../objects/stubs.ts'

export interface AccountView {
  did: string
  handle: string
  email?: string
  /** ISO 8601: when it was made here. */
  indexedAt: string
  /** ISO 8601. */
  emailConfirmedAt?: string
  /** ISO 8601. */
  deactivatedAt?: string
  invitedBy?: InviteCode
  invites?: InviteCode[]
  invitesDisabled: boolean
}

type Objects = Pick<HostObjects, 'account' | 'directory'>

/** What the directory knows: no account's object is asked, however many there are. */
export const accountSummary = (account: AdministeredAccount): AccountView => ({
  did: account.did,
  handle: account.handle,
  ...(account.email !== null && { email: account.email }),
  indexedAt: new Date(account.createdAt).toISOString(),
  ...(account.emailConfirmedAt !== null && { emailConfirmedAt: account.emailConfirmedAt }),
  ...(account.deactivatedAt !== null && { deactivatedAt: account.deactivatedAt }),
  invitesDisabled: account.invitesDisabled,
})

/** Everything; undefined: there is no such account here. */
export async function accountView(
  did: string,
  { account, directory }: Objects,
): Promise<AccountView | undefined> {
  const found = await directory.accounts.administered(did)
  if (!found) return undefined
  const [{ emailConfirmedAt, deactivatedAt }, invites, invitedBy] = await Promise.all([
    account(did).profile.get(),
    directory.invites.ofAccount(did),
    directory.invites.usedBy(did),
  ])
  return {
    // The account itself knows before the directory does.
    ...accountSummary({ ...found, emailConfirmedAt, deactivatedAt }),
    ...(invitedBy && { invitedBy }),
    invites,
  }
}
