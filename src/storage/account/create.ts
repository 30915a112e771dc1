import type { SigningKey } from '../../auth/signing-key.ts'
import { carFile } from '../car.ts'
import { accountEvent, identityEvent, syncEvent } from './events.ts'
import { firstEventNumber, writeHead } from './head.ts'
import type { NewAccount, Profile } from './profile.ts'
import type { Repo, RepoParts } from './repo.ts'

/**
 * Makes an account in one transaction: who it is, an empty signed repository, and the events that
 * announce it, in the order the network expects: #identity, #account, #commit, #sync.
 */
export function createAccount(
  { storage, sql, outbox }: RepoParts,
  profile: Profile,
  repo: Repo,
  key: SigningKey,
  account: NewAccount,
): void {
  const { did, handle } = account
  const first = firstEventNumber()
  storage.transactionSync(() => {
    profile.create(account)
    outbox.add(first, identityEvent(did, handle))
    outbox.add(first + 1, accountEvent(did, true))
    const head = repo.createEmpty(did, key, first + 1)
    const commitAlone = carFile(head.cid, [[head.cid, head.block]])
    const lastEvent = head.lastEvent + 1
    outbox.add(lastEvent, syncEvent(did, head.rev, commitAlone))
    writeHead(sql, { ...head, lastEvent })
  })
  repo.forget()
}
