/** An account as the provider's pages and tokens know it. */
import type { Account } from '@atproto/oauth-provider/store'
import type { Services } from '../../context/services.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import { unlessRefused } from '../../services/objects/result.ts'
import type { Account as StoredAccount } from '../../storage/account/profile.ts'

/** The account, unless it is not here or was taken down: then it can do nothing on these pages. */
export async function findAccount(services: Services, did: string): Promise<Account | null> {
  if (!(await services.accounts.find(did))) return null
  const account = await unlessRefused(services.account(did).profile.get())
  if (!account || account.status === 'takendown') return null
  return accountView(services, account)
}

/** What stands where the name would be. */
const WAITS = 'Waits for approval'

export async function accountView(services: Services, account: StoredAccount): Promise<Account> {
  const { did, handle, email, emailConfirmedAt, deactivated } = account
  return {
    did: did as Account['did'],
    pds: services.config.serviceDid as Account['pds'],
    handle: handle as Account['handle'],
    deactivated,
    email: email ?? undefined,
    emailVerified: email === null ? undefined : emailConfirmedAt !== null,
    // Apps are not let in yet, as for any account that is deactivated; the pages say no more of why.
    ...(account.awaitsApproval ? { name: WAITS } : await profileOf(services, did)),
  }
}

/** Name and picture from the account's own records; the picture comes from this host, and from no other. */
async function profileOf(
  services: Services,
  did: string,
): Promise<Pick<Account, 'name' | 'picture'>> {
  const { repository } = services.account(did)
  const record = await unlessRefused(repository.getRecord('app.bsky.actor.profile', 'self'))
  const json = record && recordToJson(record.block)
  if (json === undefined) return {}
  const profile = JSON.parse(json) as {
    displayName?: unknown
    avatar?: { ref?: { $link?: unknown } }
  }
  const cid = profile.avatar?.ref?.$link
  const query = new URLSearchParams({ did, cid: String(cid) })
  return {
    name: typeof profile.displayName === 'string' ? profile.displayName : undefined,
    picture:
      typeof cid === 'string'
        ? `${services.config.publicUrl}/xrpc/com.atproto.sync.getBlob?${query}`
        : undefined,
  }
}
