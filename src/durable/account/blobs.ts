import type { BlobsRpc } from '../../contracts/account/repository.ts'
import type { Quota } from '../../kernel/quota.ts'
import type { BlobIndex, BlobRow, ListBlobsOptions } from '../../storage/account/blobs.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'
import { assertMayStore } from './publishing.ts'

/** Which blobs one account has, and where their bytes are. */
export class Blobs implements BlobsRpc {
  readonly #core: AccountCore
  readonly #index: BlobIndex

  constructor(core: AccountCore, index: BlobIndex) {
    this.#core = core
    this.#index = index
  }

  assertMayUpload(size?: number, limited?: boolean): { isOff: boolean; signOuts: number } {
    assertMayStore(this.#core)
    this.#index.usage.assertMayUpload(this.#quota(limited), size)
    const isOff = this.#core.profile.get().status === 'deactivated'
    return { isOff, signOuts: this.#core.signOuts.count() }
  }

  add(blob: BlobRow, signOuts?: number, limited?: boolean): BlobRow {
    if (signOuts !== undefined) this.#core.signOuts.assertNoneSince(signOuts)
    assertMayStore(this.#core)
    const kept = this.#store(blob, this.#quota(limited))
    this.#core.changed()
    return kept
  }

  /** @param limited whether the caller's uploads are limited in number */
  #quota(limited = false): Quota {
    const quota = this.#core.quota()
    return limited ? quota : { ...quota, uploads: 0, uploadBytes: 0 }
  }

  #store(blob: BlobRow, quota: Quota): BlobRow {
    try {
      return this.#core.storage.transactionSync(() => this.#index.add(blob, quota))
    } catch (error) {
      this.#index.clearCache()
      throw error
    }
  }

  get(cid: string, mayReadPrivate?: boolean): BlobRow {
    this.#core.profile.getReadable(mayReadPrivate)
    const blob = this.#index.getPermanent(cid)
    if (!blob) throw new StorageError('BlobNotFound', 'Blob not found')
    return blob
  }

  getAll(cids: readonly string[]): BlobRow[] {
    this.#core.profile.get()
    return cids.flatMap((cid) => this.#index.getPermanent(cid) ?? [])
  }

  list(options: ListBlobsOptions, mayReadPrivate?: boolean): string[] {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#index.list(options)
  }

  uploads(limit: number, cursor?: string): BlobRow[] {
    this.#core.profile.get()
    return this.#index.page(limit, cursor)
  }

  listMissing(limit: number, cursor?: string): { cid: string; path: string }[] {
    return this.#index.listMissing(limit, cursor)
  }
}
