/** The stations of an account's life, each one transaction: what changes, and the events that tell of it. */
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { accountEvent, identityEvent } from './events.ts'
import { firstEventNumber } from './head.ts'
import {
  type Account,
  type AccountChange,
  type InitialStatus,
  type NewAccount,
  Profile,
} from './profile.ts'
import { Repo, type RepoParts } from './repo.ts'

/** Everything an account has, emptied when it is deleted. The outbox stays: its events are still owed. */
const TABLES = [
  'head',
  'node',
  'record',
  'backlink',
  'blob',
  'record_blob',
  'session',
  'app_password',
  'preference',
  'rate',
  'totp',
  'recovery_code',
  'passkey',
  'one_time',
  'visit',
] as const

export class Lifecycle {
  readonly #parts: RepoParts
  readonly profile: Profile
  readonly repo: Repo

  constructor(parts: RepoParts) {
    this.#parts = parts
    this.profile = new Profile(parts.sql)
    this.repo = new Repo(parts)
  }

  /** Makes a pending account; one that an attempt before this one left pending is replaced. */
  create(account: NewAccount): void {
    this.profile.create(account)
  }

  /**
   * Opens a pending account: it gets its empty repository. An active one is announced in the order
   * the network expects, #identity, #account, #commit, #sync; one that is being moved here says nothing
   * until it is activated.
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

  /** Switches a deactivated account on, and says so: #account, #identity, #sync. */
  activate(): void {
    this.#transaction(() => {
      this.profile.update({ status: 'active', deleteAfter: null })
      const { did, handle, status } = this.profile.get()
      if (status !== 'active') return
      this.repo.announce(accountEvent(did, true), identityEvent(did, handle))
      this.repo.announceHead(did)
    })
  }

  /** @param deleteAfter until when the owner wants it kept, ISO 8601; noted, and left to the operator */
  deactivate(deleteAfter: string | null): void {
    this.#changeAndTellStatus({ status: 'deactivated', deleteAfter })
  }

  /** @param takedown what the moderator notes; null gives the account back */
  setTakedown(takedown: string | null): void {
    this.#changeAndTellStatus({ takedown })
  }

  setHandle(handle: string): void {
    this.#transaction(() => {
      this.profile.update({ handle })
      this.tellIdentity()
    })
  }

  /** Tells the network to look at the DID document again. */
  tellIdentity(): void {
    const { did, handle } = this.profile.get()
    this.repo.announce(identityEvent(did, handle))
  }

  /** Puts a new signing key in the place of the old one: signs the head anew, and tells of both. */
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
   * Empties the account. What is left is what is still owed: the events, the last of which says that
   * the account is gone, and the keys of blobs whose bytes are to be deleted.
   */
  destroy(): void {
    const { sql, blobs } = this.#parts
    this.#transaction(() => {
      const did = this.profile.did() ?? ''
      if (this.profile.pending() === undefined) {
        this.repo.announce(accountEvent(did, false, 'deleted'))
      }
      blobs.unwantAll()
      for (const table of TABLES) sql.exec(`DELETE FROM ${table}`)
      this.profile.markDeleted()
    })
    this.#parts.retired.breakExports()
  }

  #changeAndTellStatus(change: AccountChange): void {
    this.#transaction(() => {
      const before = this.profile.get()
      this.profile.update(change)
      const { did, status } = this.profile.get()
      if (status === before.status) return
      const active = status === 'active'
      this.repo.announce(accountEvent(did, active, active ? undefined : status))
    })
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#parts.storage.transactionSync(work)
    } catch (error) {
      this.profile.forget()
      throw error
    } finally {
      // What the store has now is read from it, whether the transaction went through or not.
      this.repo.forget()
    }
  }
}
