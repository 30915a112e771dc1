import type {
  AccountInput,
  LifecycleRpc,
  OpenedSession,
} from '../../contracts/account/lifecycle.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { isDiskFull } from '../../services/objects/disk-space.ts'
import type { Lifecycle as LifecycleStore } from '../../storage/account/lifecycle.ts'
import type { Sessions } from '../../storage/account/sessions.ts'
import { StorageError } from '../../storage/error.ts'
import type { ModerationAction, ModerationNote } from '../../storage/moderation.ts'
import type { AccountCore } from './core.ts'
import type { Keys } from './keys.ts'
import type { ModerationNotes } from './moderation-notes.ts'
import { REVIEW, type SignOut, USED_TOKENS } from './passwords.ts'
import { assertApproved, assertMayPublish } from './publishing.ts'

/** Scope of sessions while the account waits for approval, as the reference's clients know it. */
const QUEUED = 'com.atproto.signupQueued'

/** Creates, changes and ends one account. */
export class Lifecycle implements LifecycleRpc {
  readonly #core: AccountCore
  readonly #store: LifecycleStore
  readonly #keys: Keys
  readonly #sessions: Sessions
  readonly #signOut: SignOut
  readonly #notes: Pick<ModerationNotes, 'add' | 'send'>
  readonly #emptyStore: (did: string, cause?: unknown) => Promise<void>

  constructor(
    core: AccountCore,
    store: LifecycleStore,
    keys: Keys,
    sessions: Sessions,
    signOut: SignOut,
    notes: Pick<ModerationNotes, 'add' | 'send'>,
    /** Empties the store, whatever is in it, and tells the network. */
    emptyStore: (did: string, cause?: unknown) => Promise<void>,
  ) {
    this.#core = core
    this.#store = store
    this.#keys = keys
    this.#sessions = sessions
    this.#signOut = signOut
    this.#notes = notes
    this.#emptyStore = emptyStore
  }

  async create(input: AccountInput): Promise<void> {
    await this.#prepare(input)
    await this.openPending()
  }

  async prepare(input: AccountInput): Promise<void> {
    await this.#prepare(input)
    this.#core.changed()
  }

  setFirstPassword(hash: string): void {
    const { profile } = this.#core
    if (profile.pending() === undefined) {
      throw new StorageError('AccountNotFound', 'There is no account that is being created')
    }
    profile.update({ password: hash })
  }

  async open(): Promise<OpenedSession> {
    await this.openPending()
    await this.#core.delivered()
    const account = this.#core.profile.get()
    const scope = account.awaitsApproval ? QUEUED : 'com.atproto.access'
    return { account, session: this.#sessions.open(scope, null) }
  }

  discard(): void {
    if (this.#core.profile.pending() !== undefined) this.#store.destroy()
  }

  async activate(note?: ModerationNote): Promise<void> {
    const { takedown, deactivated } = this.#core.profile.get()
    if (takedown !== null) {
      throw new StorageError('AccountNotFound', 'An account that was taken down is not activated')
    }
    // The operator's word counts.
    if (!note) assertMayPublish(this.#core)
    else assertApproved(this.#core)
    this.#core.storage.transactionSync(() => {
      this.#store.activate()
      this.#core.factsChanged()
      if (note && deactivated) this.#note('activate', note)
    })
    await this.#announced(note && this.#notes.send())
  }

  async refuse(): Promise<boolean> {
    if (!this.#core.profile.get().awaitsApproval) return false
    await this.destroy()
    return true
  }

  async approve(): Promise<void> {
    const { storage, profile } = this.#core
    if (!profile.get().awaitsApproval) return
    storage.transactionSync(() => {
      this.#store.approve()
      this.#core.factsChanged()
      this.#sessions.changeScope(QUEUED, 'com.atproto.access')
    })
    await this.#announced()
  }

  async deactivate(deleteAfter: string | null, note?: ModerationNote): Promise<void> {
    const { deactivated } = this.#core.profile.get()
    this.#core.storage.transactionSync(() => {
      this.#store.deactivate(deleteAfter)
      this.#core.factsChanged()
      if (note && !deactivated) this.#note('deactivate', note)
    })
    await this.#announced(note && this.#notes.send())
  }

  async setTakedown(
    takedown: string | null,
    note: ModerationNote = { by: 'admin' },
  ): Promise<void> {
    const { storage, profile } = this.#core
    const { takedown: before } = profile.get()
    const changes = takedown !== null || before !== null
    storage.transactionSync(() => {
      this.#store.setTakedown(takedown)
      this.#core.factsChanged()
      // Also when it ends: what was opened meanwhile was for somebody who wants to leave.
      if (changes) this.#signOut.here()
      if (takedown !== before) {
        this.#note(takedown === null ? 'restore' : 'takedown', note, takedown)
      }
    })
    const noted = takedown !== before && this.#notes.send()
    await this.#announced(changes && Promise.all([this.#signOut.oauth(), noted]))
  }

  async announceStatus(): Promise<void> {
    this.#store.tellStatus()
    await this.#announced()
  }

  async destroy(known?: string): Promise<void> {
    if (known !== undefined && this.#core.profile.did() === undefined)
      return this.#emptyStore(known)
    const { did, awaitsApproval } = this.#core.profile.get()
    try {
      this.#core.storage.transactionSync(() => {
        this.#store.destroy()
        for (const key of [REVIEW, USED_TOKENS]) this.#core.storage.kv.delete(key)
        // Also those in memory: somebody else may come to have an account of this DID.
        this.#signOut.here()
      })
    } catch (error) {
      // Of an account that nobody has heard of nobody is to hear now.
      if (error instanceof StorageError || isDiskFull(error) || awaitsApproval) throw error
      return this.#emptyStore(did, error)
    }
    this.#keys.cache(undefined)
    await this.#announced(this.#signOut.oauth())
  }

  /** Opens the account, unless it is open. */
  async openPending(): Promise<void> {
    const key = await this.#keys.current()
    const becomes = this.#core.profile.pending()
    if (becomes === undefined) return
    this.#store.open(key, becomes)
    this.#core.factsChanged()
    this.#core.changed()
  }

  /** After a change that the network is told. @param besides what is done meanwhile */
  async #announced(besides?: Promise<unknown> | false): Promise<void> {
    this.#core.changed()
    await Promise.all([besides, this.#core.delivered()])
  }

  /** To be called in the transaction of the change. */
  #note(action: ModerationAction, note: ModerationNote, ref: string | null = null): void {
    const { did } = this.#core.profile.get()
    this.#notes.add(action, { kind: 'account', did }, note, ref)
  }

  async #prepare(input: AccountInput): Promise<void> {
    const { did, handle, email, awaitsApproval = false } = input
    const approvedAs = input.becomes ?? 'active'
    const becomes = awaitsApproval ? 'deactivated' : approvedAs
    const { config, profile, hasher } = this.#core
    const key = input.signingKey
      ? SigningKey.fromBytes(input.signingKey)
      : SigningKey.generate(config.signingKeyType)
    const signingKey = await this.#keys.seal(key)
    const password = input.password === null ? null : await hasher.hash(input.password)
    const isFree = profile.did() === undefined || profile.isDeleted()
    if (!isFree && profile.pending() === undefined) {
      throw new StorageError('InvalidRequest', `Account already exists: ${did}`)
    }
    this.#store.create({
      did,
      handle,
      email,
      password,
      signingKey,
      becomes,
      ...(awaitsApproval && { approvedAs }),
    })
    this.#keys.cache(key)
  }
}
