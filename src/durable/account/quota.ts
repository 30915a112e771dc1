import type { CountDifference, QuotaRpc } from '../../contracts/account/repository.ts'
import type { Logger } from '../../kernel/log.ts'
import { changedOverride, type QuotaChange, type QuotaOverride } from '../../kernel/quota.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { AccountCore } from './core.ts'

/** How much one account may store, and whether what is counted is right. */
export class AccountQuota implements QuotaRpc {
  readonly #core: AccountCore
  readonly #lifecycle: Lifecycle
  readonly #blobs: BlobIndex
  readonly #log: () => Pick<Logger, 'info'>

  constructor(
    core: AccountCore,
    lifecycle: Lifecycle,
    blobs: BlobIndex,
    log: () => Pick<Logger, 'info'>,
  ) {
    this.#core = core
    this.#lifecycle = lifecycle
    this.#blobs = blobs
    this.#log = log
  }

  override(): QuotaOverride {
    this.#core.profile.get()
    return this.#core.profile.quota()
  }

  change(change: QuotaChange): QuotaOverride {
    const { profile } = this.#core
    profile.get()
    const override = changedOverride(profile.quota(), change)
    const isEmpty = Object.keys(override).length === 0
    profile.update({ quota: isEmpty ? null : JSON.stringify(override) })
    return override
  }

  recount(): CountDifference[] {
    this.#core.profile.get()
    const repository = this.#lifecycle.repo.recount()
    const blobs = this.#blobs.usage.recount()
    const found: CountDifference[] = []
    if (repository) found.push({ what: 'repository', ...difference(repository) })
    if (blobs) found.push({ what: 'blobs', ...difference(blobs) })
    for (const { what, before, after } of found) {
      this.#log().info('what an account stores was counted wrong, and is mended', {
        what,
        before: JSON.stringify(before),
        after: JSON.stringify(after),
      })
    }
    return found
  }
}

const difference = ({ before, after }: { before: object; after: object }) => ({
  before: { ...before } as Record<string, number>,
  after: { ...after } as Record<string, number>,
})
