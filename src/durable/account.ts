import { hashPassword } from '../kernel/crypto/password.ts'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { PlcDirectory, PlcError } from '../services/identity/plc.ts'
import { type Outcome, settle } from '../services/objects/result.ts'
import type { InitialStatus } from '../storage/account/profile.ts'
import { StorageError } from '../storage/error.ts'
import { AccountVisits } from './account/browser-sessions.ts'
import type { OpenedSession } from './account/sign-in.ts'

export type { Description } from './account/repository.ts'

/** What it takes to make an account. */
export interface AccountInput {
  did: string
  handle: string
  email: string | null
  password: string | null
  /** The private key to sign with, as `SigningKey.toBytes` gives it; a fresh one unless given. */
  signingKey?: Uint8Array
  /** `active` unless given. */
  becomes?: InitialStatus
}

/** What `checkAccountStatus` says about what is stored here. */
export interface Inventory {
  active: boolean
  head: string
  rev: string
  blocks: number
  records: number
  preferences: number
  expectedBlobs: number
  importedBlobs: number
}

/**
 * One account: its repository, blob index, sessions and outbox. Named by DID. A thin shell: what it
 * does is in `src/storage/account`; it owns the signing key in memory, the alarm, and the order of
 * writes. This part makes, changes and ends the account; the others are its base classes.
 */
export class AccountObject extends AccountVisits {
  /** Makes an account and opens it at once. */
  create(input: AccountInput): Promise<Outcome<void>> {
    return settle(async () => {
      await this.#prepare(input)
      await this.openPending()
    })
  }

  /**
   * Makes an account that nobody sees before `open`. The caller has reserved its names: a pending one
   * that is here already is what an attempt left behind that broke off. Unless it is opened soon, it is
   * opened or removed by the alarm, depending on whether the directory has come to know it.
   */
  prepare(input: AccountInput): Promise<Outcome<void>> {
    return settle(async () => {
      await this.#prepare(input)
      this.chores.soon()
    })
  }

  /** Opens a prepared account, and a session for its owner. */
  open(): Promise<Outcome<OpenedSession>> {
    return settle(async () => {
      await this.openPending()
      await this.chores.delivered()
      const session = this.sessions.open('com.atproto.access', null)
      return { account: this.profile.get(), session }
    })
  }

  /** Removes a prepared account that is not to be opened. */
  discard(): Promise<Outcome<void>> {
    return settle(() => {
      if (this.profile.pending() !== undefined) this.lifecycle.destroy()
    })
  }

  activate(): Promise<Outcome<void>> {
    return this.#change(() => this.lifecycle.activate())
  }

  /** @param deleteAfter ISO 8601; until when the owner wants it to be kept */
  deactivate(deleteAfter: string | null): Promise<Outcome<void>> {
    return this.#change(() => this.lifecycle.deactivate(deleteAfter))
  }

  /** Takes the account down and signs it out, browsers and apps included; null gives it back. */
  setTakedown(takedown: string | null): Promise<Outcome<void>> {
    return this.#change(async () => {
      this.lifecycle.setTakedown(takedown)
      if (takedown === null) return
      this.sessions.closeAll()
      await this.endOAuth()
    })
  }

  setHandle(handle: string): Promise<Outcome<void>> {
    return this.#change(() => this.lifecycle.setHandle(handle))
  }

  /** Tells the network to look at the DID document again. */
  announceIdentity(): Promise<Outcome<void>> {
    return this.#change(() => this.lifecycle.tellIdentity())
  }

  /** Deletes everything; the network is told. */
  destroy(): Promise<Outcome<void>> {
    return this.#change(async () => {
      this.profile.get()
      this.lifecycle.destroy()
      // Also those that are remembered: somebody else may come to have an account of this DID.
      this.sessions.closeAll()
      this.useKey(undefined)
      await this.endOAuth()
    })
  }

  /** did:key of the signing key, whatever the account's status. */
  publicKey(): Promise<Outcome<string>> {
    return settle(async () => {
      this.profile.get()
      return (await this.signingKey()).did()
    })
  }

  /**
   * Puts another signing key in the place of the current one. For a did:plc, the identity is changed in
   * between; until all of it is done, nothing else is signed. A change that broke off is completed or
   * given up before the next signature, depending on what the directory says.
   *
   * @param bytes the private key, as `SigningKey.toBytes` gives it
   */
  changeKey(bytes: Uint8Array): Promise<Outcome<void>> {
    return settle(async () => {
      const key = SigningKey.fromBytes(bytes)
      const { did } = this.profile.get()
      await this.changingKey(async () => {
        const sealed = await this.sealKey(key)
        if (did.startsWith('did:plc:')) {
          this.profile.update({ nextSigningKey: sealed })
          await this.ctx.storage.sync()
          await this.#publishKey(did, key)
        }
        this.lifecycle.changeKey(key, sealed)
        this.useKey(key)
      })
      this.chores.soon()
    })
  }

  inventory(): Promise<Outcome<Inventory>> {
    return settle(() => {
      const { status } = this.profile.get()
      const { cid, rev } = this.repo.headStrings()
      const { expected, present } = this.blobs.counts()
      return {
        active: status === 'active',
        head: cid,
        rev,
        ...this.repo.counts(),
        preferences: this.preferences.count(),
        expectedBlobs: expected,
        importedBlobs: present,
      }
    })
  }

  #change(work: () => void | Promise<void>): Promise<Outcome<void>> {
    return settle(async () => {
      const working = work()
      this.chores.soon()
      await Promise.all([working, this.chores.delivered()])
    })
  }

  async #prepare(input: AccountInput): Promise<void> {
    const { did, handle, email, becomes = 'active' } = input
    const key = input.signingKey
      ? SigningKey.fromBytes(input.signingKey)
      : SigningKey.generate(this.config.signingKeyType)
    const signingKey = await this.sealKey(key)
    const password = input.password === null ? null : await hashPassword(input.password)
    const isFree = this.profile.did() === undefined || this.profile.isDeleted()
    if (!isFree && this.profile.pending() === undefined) {
      throw new StorageError('InvalidRequest', `Account already exists: ${did}`)
    }
    this.lifecycle.create({ did, handle, email, password, signingKey, becomes })
    this.useKey(key)
  }

  async #publishKey(did: string, key: SigningKey): Promise<void> {
    try {
      await new PlcDirectory(this.config).update(did, (state) => ({
        ...state,
        verificationMethods: { ...state.verificationMethods, atproto: key.did() },
      }))
    } catch (error) {
      // What the directory refuses did not happen; without its answer, nobody knows yet.
      if (error instanceof PlcError && error.statusCode === 400) {
        this.profile.update({ nextSigningKey: null })
      }
      throw error
    }
  }
}
