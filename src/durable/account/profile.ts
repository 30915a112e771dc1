import type { Inventory, ProfileRpc } from '../../contracts/account/lifecycle.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { Preferences } from '../../storage/account/preferences.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { Usage } from '../../storage/account/usage.ts'
import type { AccountCore } from './core.ts'
import type { HandleChange } from './handle-change.ts'
import { assertMayPublish } from './publishing.ts'

/** Who the account is, and what is stored for it. */
export class Profile implements ProfileRpc {
  readonly #core: AccountCore
  readonly #lifecycle: Lifecycle
  readonly #blobs: BlobIndex
  readonly #preferences: Preferences

  readonly #handleChange: Pick<HandleChange, 'begin' | 'end'>

  constructor(
    core: AccountCore,
    lifecycle: Lifecycle,
    handleChange: Pick<HandleChange, 'begin' | 'end'>,
    blobs: BlobIndex,
    preferences: Preferences,
  ) {
    this.#core = core
    this.#handleChange = handleChange
    this.#lifecycle = lifecycle
    this.#blobs = blobs
    this.#preferences = preferences
  }

  get(): Account {
    return this.#core.profile.get()
  }

  assertMayPublish(): void {
    assertMayPublish(this.#core)
  }

  async setHandle(handle: string): Promise<void> {
    this.#lifecycle.setHandle(handle)
    this.#handleChange.end()
    this.#core.changed()
    await this.#core.delivered()
  }

  beginHandleChange(): void {
    this.#core.profile.get()
    this.#handleChange.begin()
  }

  async announceIdentity(): Promise<void> {
    this.#lifecycle.tellIdentity()
    this.#core.changed()
    await this.#core.delivered()
  }

  async announceHead(): Promise<void> {
    this.#lifecycle.tellHead()
    this.#core.changed()
    await this.#core.delivered()
  }

  tellFacts(): void {
    this.#core.profile.get()
    this.#core.factsChanged()
  }

  inventory(): Inventory {
    const { status } = this.#core.profile.get()
    const { repo } = this.#lifecycle
    const { cid, rev } = repo.headStrings()
    const { expected, present } = this.#blobs.counts()
    return {
      active: status === 'active',
      head: cid,
      rev,
      ...repo.counts(),
      preferences: this.#preferences.count(),
      expectedBlobs: expected,
      importedBlobs: present,
    }
  }

  usage(): Usage {
    this.#core.profile.get()
    const { blobs, bytes: blobBytes, uploads, uploadBytes } = this.#blobs.usage.get()
    return {
      ...this.#lifecycle.repo.stored(),
      blobs,
      blobBytes,
      uploads,
      uploadBytes,
      databaseBytes: this.#core.storage.sql.databaseSize,
      limits: this.#core.quota(),
    }
  }
}
