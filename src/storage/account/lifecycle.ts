/** State changes of an account, each one transaction: the rows that change, and the events about it. */
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { announceBeside, isDamage } from './beside-repo.ts'
import { accountEvent, identityEvent, type UnnumberedEvent } from './events.ts'
import { firstEventNumber } from './head.ts'
import {
  type Account,
  type AccountChange,
  type InitialStatus,
  type NewAccount,
  Profile,
} from './profile.ts'
import { Repo, type RepoParts } from './repo.ts'

/**
 * Tables emptied when the account is deleted. The outbox is not: its events are still to be delivered. What is left in the journal
 * then cannot be.
 */
const TABLES = [
  'journal',
  'head',
  'node',
  'record',
  'record_takedown',
  'block_part',
  'untold_collection',
  'backlink',
  'blob',
  'blob_usage',
  'record_blob',
  'session',
  'app_password',
  'preference',
  'rate',
  'totp',
  'recovery_code',
  'passkey',
  'one_time',
  'browser_session',
] as const

export class Lifecycle {
  readonly #parts: RepoParts
  readonly profile: Profile
  readonly repo: Repo

  constructor(parts: RepoParts) {
    this.#parts = parts
    this.profile = new Profile(parts.sql, () => parts.answers?.changed())
    this.repo = new Repo(parts)
  }

  /** Creates a pending account; one that an earlier attempt left pending is replaced. */
  create(account: NewAccount): void {
    this.profile.create(account)
  }

  /**
   * Completes a pending account: it gets its empty repository. An active one emits #identity, #account, #commit,
   * #sync, in the order the network expects; one that is migrating to this host emits nothing until it is
   * activated.
   */
  open(key: SigningKey, becomes: InitialStatus): Account {
    return this.#transaction(() => {
      this.profile.update({ status: becomes })
      const { did, handle } = this.profile.get()
      const announce = becomes === 'active'
      const { outbox } = this.#parts
      const first = firstEventNumber()
      if (announce) {
        outbox.add(first, identityEvent(did, handle))
        outbox.add(first + 1, accountEvent(did, true))
      }
      this.repo.createEmpty(did, key, first + 1, announce)
      if (announce) this.repo.announceHead(did)
      return this.profile.get()
    })
  }

  /** Activates the account, and emits #account, #identity, #sync. */
  activate(): void {
    this.#transaction(() => this.#announceActive())
  }

  #announceActive(): void {
    this.profile.update({ status: 'active', deactivatedAt: null, deleteAfter: null })
    const { did, handle, status } = this.profile.get()
    if (status !== 'active') return
    this.repo.announce(accountEvent(did, true), identityEvent(did, handle))
    this.repo.announceHead(did)
  }

  /** The operator has approved the account: the network may hear of it. */
  approve(): void {
    this.#transaction(() => {
      const approvedAs = this.profile.approvedAs()
      this.profile.update({ approvedAs: null })
      if (approvedAs === 'active') this.#announceActive()
    })
  }

  /** @param deleteAfter ISO 8601; stored for the operator, nothing acts on it */
  deactivate(deleteAfter: string | null): void {
    const { deactivated } = this.profile.get()
    const since = deactivated ? {} : { deactivatedAt: new Date().toISOString() }
    this.#changeAndTellStatus({ status: 'deactivated', deleteAfter, ...since })
  }

  /** @param takedown reference that the moderator gave; null reverses the takedown */
  setTakedown(takedown: string | null): void {
    this.#changeAndTellStatus({ takedown })
  }

  setHandle(handle: string): void {
    this.#transaction(() => {
      this.profile.update({ handle })
      this.tellIdentity()
    })
  }

  /** Emits #identity, so that consumers resolve the DID document again. */
  tellIdentity(): void {
    const { did, handle } = this.profile.get()
    this.repo.announce(identityEvent(did, handle))
  }

  /** Emits #sync, so that consumers that missed a commit fetch the repository; nothing of one that is not active. */
  tellHead(): void {
    const { did, status } = this.profile.get()
    if (status === 'active') this.repo.announceHead(did)
  }

  /** Replaces the signing key: makes a new commit, and emits #identity and #sync. */
  changeKey(key: SigningKey, sealed: Uint8Array): void {
    this.#transaction(() => {
      this.profile.update({ signingKey: sealed, nextSigningKey: null })
      const { did, status } = this.profile.get()
      this.tellIdentity()
      this.repo.resign(did, key)
      if (status === 'active') this.repo.announceHead(did)
    })
  }

  /**
   * Deletes the account. What is left until it is done: undelivered events, the last of which is the #account
   * event of the deletion, and the keys of blobs to delete.
   */
  destroy(): void {
    const { sql, blobs } = this.#parts
    this.#transaction(() => {
      const did = this.profile.did() ?? ''
      // Of one that nobody has heard of nobody has to hear.
      const isKnown = this.profile.pending() === undefined && !this.profile.get().awaitsApproval
      this.#settleForGood(isKnown ? [accountEvent(did, false, 'deleted')] : [])
      blobs.markAllForDeletion()
      for (const table of TABLES) sql.exec(`DELETE FROM ${table}`)
      this.profile.markDeleted()
    })
    this.#parts.snapshots.breakExports()
  }

  /** Has the events delivered that there are, if there is any way, and some more. */
  #settleForGood(events: readonly UnnumberedEvent[]): void {
    try {
      this.repo.settle()
      if (events.length > 0) this.repo.announce(...events)
    } catch (error) {
      if (!isDamage(error)) throw error
      const { storage, outbox } = this.#parts
      for (const event of events) announceBeside(storage, outbox, event)
    }
  }

  /** Of an account of which nothing is left here: as `destroy` leaves one. */
  leaveAsDeleted(did: string): void {
    this.#transaction(() => {
      this.profile.create({
        ...{ did, handle: '', email: null, password: null },
        ...{ signingKey: new Uint8Array(), becomes: 'active' },
      })
      this.profile.markDeleted()
      this.#announce(accountEvent(did, false, 'deleted'))
    })
  }

  /**
   * Tells the network how an account is that came from a backup, in a transaction of the caller's: by a new commit of the
   * same records, whose rev is later than whatever was written after the backup and is lost.
   */
  announceRestored(key: SigningKey): void {
    const { did, handle, status } = this.profile.get()
    const active = status === 'active'
    this.repo.resign(did, key)
    this.repo.announce(accountEvent(did, active, active ? undefined : status))
    if (!active) return
    this.repo.announce(identityEvent(did, handle))
    this.repo.announceHead(did)
  }

  /** Emits #account with the status as it is. */
  tellStatus(): void {
    const { did, status } = this.profile.get()
    const active = status === 'active'
    this.#announce(accountEvent(did, active, active ? undefined : status))
  }

  /** What an operator decides of an account is told whatever has become of its repository. */
  #announce(event: UnnumberedEvent): void {
    try {
      this.repo.announce(event)
    } catch (error) {
      if (!isDamage(error)) throw error
      announceBeside(this.#parts.storage, this.#parts.outbox, event)
    }
  }

  #changeAndTellStatus(change: AccountChange): void {
    this.#transaction(() => {
      const before = this.profile.get()
      this.profile.update(change)
      if (this.profile.get().status !== before.status) this.tellStatus()
    })
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#parts.storage.transactionSync(work)
    } catch (error) {
      this.profile.clearCache()
      throw error
    } finally {
      // The caches are stale, whether the transaction was committed or rolled back.
      this.repo.clearCache()
    }
  }
}
