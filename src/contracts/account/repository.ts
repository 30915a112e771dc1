/** Records, CAR files and blobs of one account. */
import type { QuotaChange, QuotaOverride } from '../../kernel/quota.ts'
import type { BlobRow, ListBlobsOptions } from '../../storage/account/blobs.ts'
import type { UncleanRecords } from '../../storage/account/import-records.ts'
import type { PackedRecords } from '../../storage/account/packed.ts'
import type { Account, AccountStatus } from '../../storage/account/profile.ts'
import type { RecentRecords } from '../../storage/account/recent.ts'
import type { ListOptions, ScannedPage } from '../../storage/account/records.ts'
import type { WriteBatch, WriteOptions, WriteResult } from '../../storage/account/repo.ts'
import type { StoredRecord } from '../../storage/account/stored.ts'
import type { Answer } from '../answer.ts'

/** What DID documents are made of. */
export interface AccountIdentity {
  account: Account
  /** did:key */
  signingKey: string
}

/** A page of records, and in which state of what can be read it is so. */
export interface ListedRecords {
  /** Another one after each write, and after a record was taken down. */
  state: string
  /** null: the caller has it. */
  page: PackedRecords | null
  /** Where the object may run in the isolate of whoever asks: as `ReadRecord.state`. */
  readIn?: number
}

/** A record, and, where the object may run in the isolate of whoever asks, in which state it was read. */
export interface ReadRecord extends StoredRecord {
  /** It is as it was as long as this `holds` (`src/kernel/answer-state.ts`). */
  state?: number
}

/**
 * Where there is a parameter `mayReadPrivate`, it says that the caller is the owner or the operator, who also
 * read what the public may not.
 *
 * @throws StorageError `RepoNotFound`, `RepoTakendown`, `RepoDeactivated`
 */
export interface RepositoryRpc {
  /**
   * Applies writes in one commit.
   *
   * @param session family of the access token that asks for it, or null
   * @throws StorageError `QuotaExceeded` (400) where something grows that may not
   */
  write(batch: WriteBatch, session?: string | null, options?: WriteOptions): Answer<WriteResult>
  getRecord(collection: string, rkey: string, cid?: string): Answer<ReadRecord>
  /** @param known states in which the caller has the page */
  listRecords(options: ListOptions, known?: readonly string[]): Answer<ListedRecords>
  /** What a service that knows this repository at rev `since` does not show yet; for the owner only. */
  recentRecords(since: string): Answer<RecentRecords | null>
  identity(mayReadPrivate?: boolean): Answer<AccountIdentity>
  /** The first thousand of them, in order. */
  collections(mayReadPrivate?: boolean): Answer<string[]>
  latestCommit(mayReadPrivate?: boolean): Answer<{ cid: string; rev: string }>
  /** Head and status, whatever the status is. */
  status(): Answer<{ head: string; rev: string; status: AccountStatus }>
  /**
   * The repository as a CAR file, one state of it whatever is written meanwhile; with `since`, only
   * what came after that rev.
   */
  exportCar(since?: string, mayReadPrivate?: boolean): Answer<ReadableStream<Uint8Array>>
  /**
   * The same, and its rev.
   *
   * @param known revs at which the caller has it
   * @returns without file where the caller has it
   */
  exportUnlessKnown(
    known: readonly string[],
    since?: string,
    mayReadPrivate?: boolean,
  ): Answer<{ rev: string; car: ReadableStream<Uint8Array> | null }>
  /**
   * Replaces the repository by the one in a CAR file, once all of it has arrived and was verified.
   * `signingKeys` are those of the DID document; the account's own key is accepted too. Blocks that the file leaves
   * out are taken from the repository that is replaced. Answers which records could not be written here.
   */
  importCar(
    car: ReadableStream<Uint8Array>,
    signingKeys: readonly string[],
    signOuts?: number,
  ): Answer<UncleanRecords>
  /** A CAR file that proves what is at a path, or that nothing is. */
  proveRecord(collection: string, rkey: string, mayReadPrivate?: boolean): Answer<Uint8Array>
  /** A stretch of a collection behind a key, also of an account that is not active; for the host's index. */
  scanCollection(collection: string, after: string): Answer<ScannedPage>
  /** A CAR file of the blocks with these CIDs. */
  getBlocks(cids: readonly string[], mayReadPrivate?: boolean): Answer<Uint8Array>
}

/** A count that was wrong, and what it is. */
export interface CountDifference {
  what: 'repository' | 'blobs'
  before: Readonly<Record<string, number>>
  after: Readonly<Record<string, number>>
}

/** How much the account may store. */
export interface QuotaRpc {
  /** What the operator has set for this account. */
  override(): Answer<QuotaOverride>
  /** Changes some of it, and leaves the others. @returns all of it */
  change(change: QuotaChange): Answer<QuotaOverride>
  /** Counts everything anew, a row read for each record, node and blob; mends what was wrong, and logs it. */
  recount(): Answer<CountDifference[]>
}

export interface BlobsRpc {
  /**
   * Whether an upload may begin; its bytes need not be taken in if not.
   *
   * @param size bytes, where they are known
   * @returns whether the account is switched off, as one is that moves here: its records name the bytes as they are; and
   *   what `SessionsRpc.signOuts` says
   * @throws StorageError as `add`
   */
  assertMayUpload(size?: number, limited?: boolean): Answer<{ isOff: boolean; signOuts: number }>
  /**
   * Notes an uploaded blob, and gives it as it is kept: of the same bytes, the first upload counts.
   *
   * @param signOuts as `assertMayUpload` said when the upload began; undefined: nobody is signed in for it
   * @param limited whether the number of uploads has a limit; what is stored always has
   * @throws StorageError `QuotaExceeded` (400), `RateLimitExceeded` (429)
   */
  add(blob: BlobRow, signOuts?: number, limited?: boolean): Answer<BlobRow>
  /** Where the bytes of a blob are, provided that a record refers to it. */
  get(cid: string, mayReadPrivate?: boolean): Answer<BlobRow>
  /** Those of the blobs that records refer to; for the account itself. */
  getAll(cids: readonly string[]): Answer<BlobRow[]>
  /** CIDs of the blobs that records refer to. */
  list(options: ListBlobsOptions, mayReadPrivate?: boolean): Answer<string[]>
  /** All uploads in order of CID, after `cursor`, also those that no record refers to (yet); for the owner. */
  uploads(limit: number, cursor?: string): Answer<BlobRow[]>
  /** Blobs that records refer to but nobody has uploaded, and a record that does. */
  listMissing(limit: number, cursor?: string): Answer<{ cid: string; path: string }[]>
}
