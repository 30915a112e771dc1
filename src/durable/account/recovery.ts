import type { Env } from '../../contracts/env.ts'
import type { Config } from '../../kernel/config/config.ts'
import { PlcDirectory, PlcError } from '../../services/identity/plc.ts'
import { directory, oauth } from '../../services/objects/stubs.ts'
import type { Outbox } from '../../storage/account/outbox.ts'
import type { Profile } from '../../storage/account/profile.ts'

/** How long the making of an account may take, in ms, before it counts as broken off. */
const MAKING = 2 * 60 * 1000

export interface UnfinishedParts {
  env: Env
  config: Config
  profile: Profile
  outbox: Outbox
  /** Whether bytes of blobs are still to be deleted. */
  hasUnwantedBlobs(): boolean
  /** Opens the pending account. */
  open(): Promise<void>
  /** Removes the account, pending or not. */
  destroy(): void
  /** Empties the store altogether. */
  wipe(): Promise<void>
}

/** Completes what the process did not live to see: accounts half made, and accounts half gone. */
export class Unfinished {
  readonly #parts: UnfinishedParts
  constructor(parts: UnfinishedParts) {
    this.#parts = parts
  }

  /** When to look, in ms since the epoch; undefined: there is nothing. */
  due(): number | undefined {
    const { profile } = this.#parts
    if (profile.isDeleted()) return Date.now()
    const since = profile.pendingSince()
    return since === undefined ? undefined : since + MAKING
  }

  async run(): Promise<void> {
    const due = this.due()
    if (due === undefined || due > Date.now()) return
    await (this.#parts.profile.isDeleted() ? this.#bury() : this.#decide())
  }

  /** A pending account is opened if the directory has come to know it; otherwise it is nobody's. */
  async #decide(): Promise<void> {
    const { env, config, profile, open, destroy } = this.#parts
    const did = profile.did() ?? ''
    const resident = await directory(env).find('did', did)
    if (resident) {
      await open()
      return
    }
    // Only an identity that was made here is signed with the host's key, and can be ended with it.
    if (did.startsWith('did:plc:') && profile.pending() === 'active') {
      await new PlcDirectory(config).tombstone(did).catch((error: unknown) => {
        // The directory may never have heard of it.
        if (!(error instanceof PlcError) || error.statusCode !== 400) throw error
      })
    }
    // Meanwhile the account may have been made after all, or somebody may have begun anew.
    const due = this.due()
    if (profile.pending() !== undefined && due !== undefined && due <= Date.now()) destroy()
  }

  /** Once everybody knows that an account is gone, the apps it was signed in to included, so is its store. */
  async #bury(): Promise<void> {
    const { env, profile, outbox, hasUnwantedBlobs, wipe } = this.#parts
    const did = profile.did() ?? ''
    await directory(env).remove(did)
    await oauth(env).forgetAccount(did, { devices: true })
    // Meanwhile somebody may have begun to make an account of the same DID.
    if (profile.isDeleted() && outbox.isEmpty() && !hasUnwantedBlobs()) await wipe()
  }
}
