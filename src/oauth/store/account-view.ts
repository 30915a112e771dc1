/** An account as the provider's pages and tokens know it. */
import type { Account } from '@atproto/oauth-provider/store'
import type { App } from '../../app.ts'
import { cborToJson } from '../../kernel/cbor/to-json.ts'
import type { Account as StoredAccount } from '../../storage/account/profile.ts'

/** The account, unless it is not here or was taken down: then it can do nothing on these pages. */
export async function findAccount(app: App, did: string): Promise<Account | null> {
  if (!(await app.findResident(did))) return null
  const outcome = await app.account(did).getAccount()
  if (!outcome.ok || outcome.value.status === 'takendown') return null
  return accountView(app, outcome.value)
}

export async function accountView(app: App, account: StoredAccount): Promise<Account> {
  const { did, handle, email, emailConfirmedAt, deactivated } = account
  return {
    did: did as Account['did'],
    pds: app.config.serviceDid as Account['pds'],
    handle: handle as Account['handle'],
    deactivated,
    email: email ?? undefined,
    emailVerified: email === null ? undefined : emailConfirmedAt !== null,
    ...(await profileOf(app, did)),
  }
}

/** Name and picture from the account's own records; the picture comes from this host, and from no other. */
async function profileOf(app: App, did: string): Promise<Pick<Account, 'name' | 'picture'>> {
  const record = await app.account(did).getRecord('app.bsky.actor.profile', 'self')
  if (!record.ok) return {}
  const profile = JSON.parse(cborToJson(record.value.block)) as {
    displayName?: unknown
    avatar?: { ref?: { $link?: unknown } }
  }
  const cid = profile.avatar?.ref?.$link
  const query = new URLSearchParams({ did, cid: String(cid) })
  return {
    name: typeof profile.displayName === 'string' ? profile.displayName : undefined,
    picture:
      typeof cid === 'string'
        ? `${app.config.publicUrl}/xrpc/com.atproto.sync.getBlob?${query}`
        : undefined,
  }
}
