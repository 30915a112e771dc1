import type { Inventory, ProfileRpc } from '../../contracts/account/lifecycle.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { Preferences } from '../../storage/account/preferences.ts'
import type { Account } from '../../storage/account/profile.ts'
import { measureUsage, type Usage } from '../../storage/account/usage.ts'
import type { AccountCore } from './core.ts'

/** Who the account is, and what is stored for it. */
export class Profile implements ProfileRpc {
  readonly #core: AccountCore
  readonly #lifecycle: Lifecycle
  readonly #blobs: BlobIndex
  readonly #preferences: Preferences

  constructor(core: AccountCore, lifecycle: Lifecycle, blobs: BlobIndex, preferences: Preferences) {
    this.#core = core
    this.#lifecycle = lifecycle
    this.#blobs = blobs
    this.#preferences = preferences
  }

  get(): Account {
    return this.#core.profile.get()
  }

  async setHandle(handle: string): Promise<void> {
    this.#lifecycle.setHandle(handle)
    this.#core.changed()
    await this.#core.delivered()
  }

  async announceIdentity(): Promise<void> {
    this.#lifecycle.tellIdentity()
    this.#core.changed()
    await this.#core.delivered()
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
    return measureUsage(this.#core.storage.sql, this.#lifecycle.repo.counts().records)
  }
}
