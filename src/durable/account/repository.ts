import { type Outcome, settle } from '../../services/objects/result.ts'
import type { BlobRow, ListBlobsOptions } from '../../storage/account/blobs.ts'
import { exportCar } from '../../storage/account/export.ts'
import { readImport } from '../../storage/account/import.ts'
import { type PackedRecords, packRecords } from '../../storage/account/packed.ts'
import type { Account, AccountStatus } from '../../storage/account/profile.ts'
import { type RecentRecords, readRecent } from '../../storage/account/recent.ts'
import type { ListOptions, StoredRecord } from '../../storage/account/records.ts'
import type { WriteBatch, WriteOptions, WriteResult } from '../../storage/account/repo.ts'
import { dropStaging } from '../../storage/account/staging.ts'
import { StorageError } from '../../storage/error.ts'
import { AccountBase } from './base.ts'

/** What `describeRepo` and DID documents are made of. */
export interface Description {
  account: Account
  collections: string[]
  /** did:key */
  signingKey: string
}

/**
 * Records, sync and blobs of one account. Where there is a parameter `seesAll`, it says that the caller
 * is the owner or the operator, who also read what the public may not.
 */
export class AccountRepository extends AccountBase {
  #importing = false

  /** Applies writes in one commit. @param session family of the access token that asks for it, or null */
  write(
    batch: WriteBatch,
    session?: string | null,
    options?: WriteOptions,
  ): Promise<Outcome<WriteResult>> {
    return settle(async () => {
      const key = await this.signingKey()
      // From here on nothing awaits: no other write comes between reading and storing.
      this.admitSession(session)
      const { did } = this.profile.getWritable()
      const result = this.repo.write(did, key, batch, options)
      if (result.commit) this.chores.soon()
      return result
    })
  }

  getRecord(collection: string, rkey: string, cid?: string): Promise<Outcome<StoredRecord>> {
    return settle(() => {
      this.profile.getReadable()
      return this.repo.records.get(collection, rkey, cid)
    })
  }

  listRecords(options: ListOptions): Promise<Outcome<PackedRecords>> {
    return settle(() => {
      this.profile.getReadable()
      return packRecords(this.repo.records.list(options))
    })
  }

  /** What a service that knows this repository at rev `since` does not show yet; for the owner only. */
  recentRecords(since: string): Promise<Outcome<RecentRecords | null>> {
    return settle(() => {
      const { handle, createdAt } = this.profile.get()
      const recent = readRecent(this.parts.sql, since, createdAt)
      return recent && { handle, ...recent }
    })
  }

  describe(seesAll?: boolean): Promise<Outcome<Description>> {
    return settle(async () => ({
      account: this.profile.getReadable(seesAll),
      collections: this.repo.records.collections(),
      signingKey: (await this.signingKey()).did(),
    }))
  }

  latestCommit(seesAll?: boolean): Promise<Outcome<{ cid: string; rev: string }>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      return this.repo.headStrings()
    })
  }

  /** Head and status, whatever the status is. */
  status(): Promise<Outcome<{ head: string; rev: string; status: AccountStatus }>> {
    return settle(() => {
      const { status } = this.profile.get()
      const { cid, rev } = this.repo.headStrings()
      return { head: cid, rev, status }
    })
  }

  /**
   * The repository as a CAR file, one state of it whatever is written meanwhile; with `since`, only
   * what came after that rev.
   */
  exportRepo(since?: string, seesAll?: boolean): Promise<Outcome<ReadableStream<Uint8Array>>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      const { sql, retired } = this.parts
      return exportCar(sql, this.repo.head(), { since, hold: retired.hold() })
    })
  }

  /**
   * Replaces the repository by the one in a CAR file, once all of it has arrived and was verified.
   * `signingKeys` are those of the DID document; the account's own key is accepted too.
   */
  importRepo(
    car: ReadableStream<Uint8Array>,
    signingKeys: readonly string[],
  ): Promise<Outcome<void>> {
    return settle(async () => {
      if (this.#importing) throw new StorageError('InvalidRequest', 'An import is running already')
      this.#importing = true
      try {
        const own = (await this.signingKey()).did()
        const { did } = this.profile.get()
        const verified = await readImport(this.parts.sql, car, {
          did,
          signingKeys: [...signingKeys, own],
          after: this.repo.head().rev,
        })
        const key = await this.signingKey()
        // The owner may have deleted or been taken down in the meantime.
        const { status } = this.profile.get()
        this.repo.replace(did, key, verified, status === 'active')
        this.chores.soon()
      } finally {
        this.#importing = false
        dropStaging(this.parts.sql)
      }
    })
  }

  /** A CAR file that proves what is at a path, or that nothing is. */
  proveRecord(collection: string, rkey: string, seesAll?: boolean): Promise<Outcome<Uint8Array>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      return this.repo.proveRecord(`${collection}/${rkey}`)
    })
  }

  /** A CAR file of the blocks with these CIDs. */
  getBlocks(cids: readonly string[], seesAll?: boolean): Promise<Outcome<Uint8Array>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      return this.repo.getBlocks(cids)
    })
  }

  /** Notes an uploaded blob. */
  addBlob(blob: BlobRow): Promise<Outcome<void>> {
    return settle(() => {
      this.profile.get()
      this.blobs.add(blob)
      this.chores.soon()
    })
  }

  /** Where the bytes of a blob are, provided that a record refers to it. */
  getBlob(cid: string, seesAll?: boolean): Promise<Outcome<BlobRow>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      const blob = this.blobs.getPermanent(cid)
      if (!blob) throw new StorageError('BlobNotFound', 'Blob not found')
      return blob
    })
  }

  /** CIDs of the blobs that records refer to. */
  listBlobs(options: ListBlobsOptions, seesAll?: boolean): Promise<Outcome<string[]>> {
    return settle(() => {
      this.profile.getReadable(seesAll)
      return this.blobs.list(options)
    })
  }

  /** Blobs that records refer to but nobody has uploaded, and a record that does. */
  listMissingBlobs(
    limit: number,
    cursor?: string,
  ): Promise<Outcome<{ cid: string; path: string }[]>> {
    return settle(() => this.blobs.listMissing(limit, cursor))
  }
}
