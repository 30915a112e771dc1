import { unlessRefused } from '../../services/objects/result.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Accounts } from '../../storage/directory/accounts.ts'
import type { Job } from '../scheduler.ts'

/** How often an account is counted anew, in ms. */
export const RECOUNT_EVERY = 24 * 60 * 60 * 1000

/** DID of the account that was counted last. */
const KEY = 'recounted'

/** Has the accounts count what they store anew, one of them a day, in order of their DIDs. */
export const recountAccounts = (
  kv: SyncKvStorage,
  accounts: Pick<Accounts, 'list'>,
  account: HostObjects['account'],
): Job => ({
  name: 'recount an account',
  async run() {
    const last = kv.get<string>(KEY) ?? ''
    const [next] = [...accounts.list(1, last), ...accounts.list(1)]
    if (!next) return
    // One that is gone meanwhile is passed over.
    await unlessRefused(account(next.did).quota.recount())
    kv.put(KEY, next.did)
  },
  repeatAfter: () => RECOUNT_EVERY,
})
