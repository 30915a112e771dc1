import type { Keypair } from '@atproto/crypto'
import { BlockMap, blocksToCarFile } from '@atproto/repo'
import { StorageError } from '../error.ts'
import { accountEvent, identityEvent, syncEvent } from './events.ts'
import { writeHead } from './head.ts'
import { Outbox } from './outbox.ts'
import type { NewAccount, Profile } from './profile.ts'
import type { Repo } from './repo.ts'

/**
 * Makes an account in one transaction: who it is, an empty signed repository, and the events that
 * announce it, in the order the network expects: #identity, #account, #commit, #sync.
 *
 * @throws StorageError `InvalidRequest` when there is one already
 */
export async function createAccount(
  storage: DurableObjectStorage,
  profile: Profile,
  repo: Repo,
  keypair: Keypair,
  account: NewAccount,
): Promise<void> {
  if (profile.exists()) throw new StorageError('InvalidRequest', 'Account already exists')
  const { did, handle } = account
  const first = await repo.prepareFirstCommit(did, keypair)
  const { commit } = first
  const commitAlone = await blocksToCarFile(commit.cid, new BlockMap([[commit.cid, commit.block]]))
  const outbox = new Outbox(storage.sql)
  storage.transactionSync(() => {
    profile.create(account)
    outbox.add({ id: first.firstEvent, kind: '#identity', body: identityEvent(did, handle) })
    outbox.add({ id: first.firstEvent + 1, kind: '#account', body: accountEvent(did, true) })
    first.store(first.firstEvent + 1)
    const last = first.firstEvent + 3
    outbox.add({ id: last, kind: '#sync', body: syncEvent(did, commit.rev, commitAlone) })
    writeHead(storage.sql, { ...repo.head(), lastEvent: last })
  })
}
