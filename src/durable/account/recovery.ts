import { type PlcDirectory, PlcError } from '../../services/identity/plc.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Outbox } from '../../storage/account/outbox.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { Job } from '../scheduler.ts'

/** How long the creation of an account may take, in ms, before it counts as broken off. */
const CREATION = 2 * 60 * 1000

export interface RecoveryParts {
  plc: Pick<PlcDirectory, 'tombstone'>
  objects: Pick<HostObjects, 'directory' | 'oauth'>
  profile: Profile
  outbox: Outbox
  /** Whether bytes of blobs are still to be deleted, now or later, or something is to be logged. */
  hasOtherWork(): boolean
  /** Opens the pending account. */
  open(): Promise<void>
  /** Removes the account, pending or not. */
  destroy(): void
  /** Empties the store altogether. */
  wipe(): Promise<void>
}

/** Completes a creation or a deletion during which the process died. */
export class Recovery implements Job {
  readonly name = 'complete a creation or deletion'
  readonly #parts: RecoveryParts
  /** Whether everybody knows of the deletion, so that only work of other jobs is left before the store is emptied. */
  #isAnnounced = false

  constructor(parts: RecoveryParts) {
    this.#parts = parts
  }

  due(): number | undefined {
    const { profile } = this.#parts
    if (profile.isDeleted()) {
      // The other jobs have due times of their own.
      return this.#isAnnounced && !this.#isDrained() ? undefined : Date.now()
    }
    this.#isAnnounced = false
    const since = profile.pendingSince()
    return since === undefined ? undefined : since + CREATION
  }

  async run(): Promise<void> {
    const due = this.due()
    if (due === undefined || due > Date.now()) return
    await (this.#parts.profile.isDeleted() ? this.#completeDeletion() : this.#completeCreation())
  }

  /** A pending account is opened if the directory knows it; otherwise it is removed. */
  async #completeCreation(): Promise<void> {
    const { objects, plc, profile, open, destroy } = this.#parts
    const did = profile.did() ?? ''
    if (await objects.directory.accounts.find('did', did)) {
      await open()
      return
    }
    // Only an identity that was created here is signed with the host's key, and can be ended with it.
    if (did.startsWith('did:plc:') && profile.pending() === 'active') {
      await plc.tombstone(did).catch((error: unknown) => {
        // The PLC directory may never have heard of it.
        if (!(error instanceof PlcError) || error.statusCode !== 400) throw error
      })
    }
    // Meanwhile the account may have been created after all, or somebody may have begun anew.
    const due = this.due()
    if (profile.pending() !== undefined && due !== undefined && due <= Date.now()) destroy()
  }

  /** Once everybody knows that an account is gone, the apps it was signed in to included, its store is emptied. */
  async #completeDeletion(): Promise<void> {
    const { objects, profile, wipe } = this.#parts
    const did = profile.did() ?? ''
    await objects.directory.accounts.remove(did)
    await objects.oauth.accounts.remove(did, { devices: true, gone: true })
    // Meanwhile somebody may have begun to create an account of the same DID.
    if (!profile.isDeleted()) return
    this.#isAnnounced = true
    if (this.#isDrained()) await wipe()
  }

  /** Whether the network knows of the deletion, and nothing is left to do. */
  #isDrained(): boolean {
    return this.#parts.outbox.isEmpty() && !this.#parts.hasOtherWork()
  }
}
