import type {
  AccountIdentity,
  ListedRecords,
  ReadRecord,
  RepositoryRpc,
} from '../../contracts/account/repository.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import type { Quota } from '../../kernel/quota.ts'
import {
  type ImportBase,
  type ImportOptions,
  readImport,
  type VerifiedImport,
} from '../../storage/account/import.ts'
import type { UncleanRecords } from '../../storage/account/import-records.ts'
import type { AccountStatus } from '../../storage/account/profile.ts'
import { type RecentRecords, readRecent } from '../../storage/account/recent.ts'
import type { ListOptions, ScannedPage } from '../../storage/account/records.ts'
import type { Repo, WriteBatch, WriteOptions, WriteResult } from '../../storage/account/repo.ts'
import { dropStaging } from '../../storage/account/staging.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'
import { ImportFile, SMALL } from './import-file.ts'
import type { Keys } from './keys.ts'
import { assertMayPublish, assertMayStore } from './publishing.ts'
import type { Sessions } from './sessions.ts'
import { SharedTurn } from './shared-turn.ts'

/** Checks imports in a place of their own, so that nothing is stored with the account that is refused. */
export interface ImportCheck {
  /**
   * The same repository, in pre-order and without anything else, once all of it was verified.
   *
   * @throws StorageError, XRPCError
   */
  run(
    car: ReadableStream<Uint8Array>,
    options: ImportOptions,
    base: ImportBase,
  ): Promise<ReadableStream<Uint8Array>>
  /** Gives back the space that it took. */
  discard(): void
}

/** The repository of one account: records, commits, CAR files. */
export class Repository implements RepositoryRpc {
  readonly #core: AccountCore
  readonly #repo: Repo
  readonly #keys: Keys
  readonly #sessions: Pick<Sessions, 'assertAuthorized'>
  readonly #check: ImportCheck | undefined
  readonly #turn = new SharedTurn()
  #importing = false
  /** Whether writes are refused, since they would be lost with what is replaced. */
  #isLocked = false

  constructor(
    core: AccountCore,
    repo: Repo,
    keys: Keys,
    sessions: Pick<Sessions, 'assertAuthorized'>,
    check?: ImportCheck,
  ) {
    this.#core = core
    this.#repo = repo
    this.#keys = keys
    this.#sessions = sessions
    this.#check = check
  }

  async write(
    batch: WriteBatch,
    session?: string | null,
    options?: WriteOptions,
  ): Promise<WriteResult> {
    await this.#turn.begin()
    const key = await this.#keys.current()
    // From here on nothing awaits: no other write comes between reading and storing.
    this.#sessions.assertAuthorized(session)
    if (this.#isLocked) {
      throw new StorageError('InvalidRequest', 'The repository is being imported: try again')
    }
    assertMayPublish(this.#core)
    const { did } = this.#core.profile.getWritable()
    const result = this.#repo.write(did, key, batch, { ...options, quota: this.#core.quota() })
    if (result.commit) {
      this.#core.changed()
      counters.noteCommit(batch.writes)
    }
    return result
  }

  getRecord(collection: string, rkey: string, cid?: string): ReadRecord {
    const { profile, answers } = this.#core
    profile.getReadable()
    const record = this.#repo.records.get(collection, rkey, cid)
    return answers ? { ...record, state: answers.current() } : record
  }

  listRecords(options: ListOptions, known: readonly string[] = []): ListedRecords {
    const { profile, answers } = this.#core
    profile.getReadable()
    const { rev } = this.#repo.head()
    // Takedowns are no commits.
    const takedowns = this.#repo.takedowns.digest()
    const state = takedowns === '' ? rev : `${rev}.${takedowns}`
    if (known.includes(state)) return { state, page: null }
    const page = this.#repo.records.listPacked(options)
    return answers ? { state, page, readIn: answers.current() } : { state, page }
  }

  recentRecords(since: string): RecentRecords | null {
    const { handle, createdAt } = this.#core.profile.get()
    const recent = readRecent(this.#core.sql, since, createdAt, this.#repo.takedowns)
    return recent && { handle, ...recent }
  }

  scanCollection(collection: string, after: string): ScannedPage {
    this.#core.profile.get()
    return { rev: this.#repo.head().rev, ...this.#repo.records.scan(collection, after) }
  }

  async identity(mayReadPrivate?: boolean): Promise<AccountIdentity> {
    return {
      account: this.#core.profile.getReadable(mayReadPrivate),
      signingKey: (await this.#keys.current()).did(),
    }
  }

  collections(mayReadPrivate?: boolean): string[] {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#repo.records.collections()
  }

  latestCommit(mayReadPrivate?: boolean): { cid: string; rev: string } {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#repo.headStrings()
  }

  status(): { head: string; rev: string; status: AccountStatus } {
    const { status } = this.#core.profile.get()
    const { cid, rev } = this.#repo.headStrings()
    return { head: cid, rev, status }
  }

  exportCar(since?: string, mayReadPrivate?: boolean): ReadableStream<Uint8Array> {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#repo.export(since)
  }

  exportUnlessKnown(
    known: readonly string[],
    since?: string,
    mayReadPrivate?: boolean,
  ): { rev: string; car: ReadableStream<Uint8Array> | null } {
    this.#core.profile.getReadable(mayReadPrivate)
    const { rev } = this.#repo.head()
    return { rev, car: known.includes(rev) ? null : this.exportCar(since, mayReadPrivate) }
  }

  async importCar(
    car: ReadableStream<Uint8Array>,
    signingKeys: readonly string[],
    signOuts?: number,
  ): Promise<UncleanRecords> {
    const { profile, sql, config } = this.#core
    assertMayStore(this.#core)
    if (this.#importing) throw new StorageError('InvalidRequest', 'An import is running already')
    this.#importing = true
    try {
      const own = await this.#keys.publicKey()
      const { did } = profile.get()
      const after = this.#repo.head().rev
      const maxSize = config.maxImportSize
      const options = {
        did,
        signingKeys: [...signingKeys, own],
        after,
        maxSize,
        quota: this.#importQuota(),
      }
      const verified = await this.#readImport(car, options)
      const key = await this.#keys.current()
      // The owner may have deleted the account, or it may have been taken down, in the meantime.
      const { status } = profile.get()
      if (signOuts !== undefined) this.#core.signOuts.assertNoneSince(signOuts)
      this.#repo.replace(did, key, verified, status === 'active', this.#core.quota())
      this.#core.changed()
      return verified.unclean
    } finally {
      this.#importing = false
      this.#isLocked = false
      dropStaging(sql)
      this.#check?.discard()
    }
  }

  /** Who has more than is allowed already may bring as much again. */
  #importQuota(): Quota {
    const quota = this.#core.quota()
    const { records, repositoryBytes } = this.#repo.stored()
    const atLeast = (limit: number, used: number) => (limit === 0 ? 0 : Math.max(limit, used))
    return {
      ...quota,
      records: atLeast(quota.records, records),
      repositoryBytes: atLeast(quota.repositoryBytes, repositoryBytes),
    }
  }

  /**
   * Reads an import into the staging tables. Where there is a place to check it, one that is large gets there only once
   * it is known to be good; of one that is small, what is refused leaves some free pages behind, which the next one uses.
   */
  async #readImport(
    car: ReadableStream<Uint8Array>,
    options: ImportOptions,
  ): Promise<VerifiedImport> {
    const { sql } = this.#core
    const base = () => this.#repo.export()
    if (!this.#check) return readImport(sql, car, options, base)
    const file = await ImportFile.receive(car)
    try {
      if (file.isWhole) {
        const staged = await readSmall(sql, file, options, base)
        if (staged) return staged
      }
      return await this.#readChecked(await this.#check.run(file.stream(), options, base), options)
    } finally {
      file.release()
    }
  }

  /** Reads an import that was checked: from here on nothing is written that it would replace. */
  async #readChecked(
    checked: ReadableStream<Uint8Array>,
    options: ImportOptions,
  ): Promise<VerifiedImport> {
    if (this.#repo.head().rev !== options.after) {
      await checked.cancel()
      throw new StorageError('InvalidRequest', 'The repository was written to meanwhile: try again')
    }
    this.#isLocked = true
    // A block that occurs in several places comes with each: it may be larger than it was.
    return readImport(this.#core.sql, checked, {
      ...options,
      maxSize: Number.POSITIVE_INFINITY,
      isVerified: true,
    })
  }

  proveRecord(collection: string, rkey: string, mayReadPrivate?: boolean): Uint8Array {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#repo.proveRecord(`${collection}/${rkey}`)
  }

  getBlocks(cids: readonly string[], mayReadPrivate?: boolean): Uint8Array {
    this.#core.profile.getReadable(mayReadPrivate)
    return this.#repo.getBlocks(cids)
  }
}

/**
 * Reads a file that is in memory. A block that is the record at many keys is stored with each, which makes much of a
 * small file.
 *
 * @returns undefined where it becomes too much to be stored before it is known to be good
 */
async function readSmall(
  sql: SqlStorage,
  file: ImportFile,
  options: ImportOptions,
  base: ImportBase,
): Promise<VerifiedImport | undefined> {
  const maxSize = Math.min(options.maxSize, 2 * SMALL)
  try {
    return await readImport(sql, file.stream(), { ...options, maxSize }, base)
  } catch (error) {
    const isMore = error instanceof StorageError && error.name === 'PayloadTooLarge'
    if (!isMore || maxSize === options.maxSize) throw error
    return undefined
  }
}
