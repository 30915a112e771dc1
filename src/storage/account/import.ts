/**
 * Imports a repository from a CAR file (com.atproto.repo.importRepo) in bounded memory. Nothing of the account
 * changes before the whole file was received and verified.
 */
import { TID } from '@atproto/common-web'
import { isValidNsid, isValidRecordKey, isValidTid } from '@atproto/syntax'
import { type CidBytes, cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import type { Quota } from '../../kernel/quota.ts'
import { CarReader, MalformedCarError } from '../car-reader.ts'
import { StorageError } from '../error.ts'
import { inLargeChunks } from '../large-chunks.ts'
import { MalformedTreeError } from '../mst/node.ts'
import { TreeWalk } from '../mst/walk.ts'
import { readCommit } from './import-commit.ts'
import { RecordInspector, type UncleanRecords } from './import-records.ts'
import { assertWithinQuota } from './quota.ts'
import { Staging } from './staging.ts'

/** Blocks processed before the event loop gets a turn. */
const BLOCKS_PER_TURN = 2000

/**
 * After so many blocks out of order in a row, the file is taken not to be in pre-order: trying after each
 * further one whether the walk can continue would be in vain.
 */
const MAX_OUT_OF_ORDER = 100

/**
 * Largest tree node in bytes. The tree of a repository as it comes about has nodes of a few kB, since three of four
 * keys are on the lowest layer and runs of them are short; larger ones take keys that were searched for, and make
 * every proof and every write of the repository as large.
 */
const MAX_NODE = 256 * 1024

/** How far ahead of the clock a rev may be, in µs; what is further ahead no relay has taken. */
const CLOCK_SKEW = 5 * 60 * 1_000_000

export interface ImportOptions {
  did: string
  /** did:keys; the commit must be signed with one of them. */
  signingKeys: readonly string[]
  /** Rev of the repository that is replaced. */
  after: string
  /** Most bytes of the file, and of all records: one block may be the record at many keys, and is stored with each. */
  maxSize: number
  /** Whether the file was verified before, here, and is as it was: nothing in it is hashed again. */
  isVerified?: boolean
  /** Whether the repository is put back as it was, its commit included: rows carry the rev of that commit. */
  keepRev?: boolean
  /** How many records, and bytes in the repository, the account may have; unless given, there is no limit. */
  quota?: Quota
}

/** A verified import, ready to replace the repository. */
export interface VerifiedImport {
  /** The commit as it was in the file. */
  commit: { cid: CidBytes; block: Uint8Array }
  /** CID of the tree's root. */
  data: CidBytes
  /** Rev that the imported rows carry; the commit to be signed must have it. */
  rev: string
  /** Rev of the repository that it replaces. */
  after: string
  staging: Staging
  /** Records that could not be written here; they are kept as they are. */
  unclean: UncleanRecords
}

/** Gives the repository that is replaced, as a CAR file; for blocks that the one to be imported leaves out. */
export type ImportBase = () => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>

/** @throws StorageError `InvalidRequest` when the file is not a valid repository of the account */
export async function readImport(
  sql: SqlStorage,
  car: ReadableStream<Uint8Array>,
  options: ImportOptions,
  base?: ImportBase,
): Promise<VerifiedImport> {
  try {
    return await new Import(sql, options).run(car, base)
  } catch (error) {
    if (error instanceof MalformedCarError || error instanceof MalformedTreeError) {
      throw invalid(error.message)
    }
    throw error
  }
}

class Import {
  readonly #options: ImportOptions
  readonly #reader: CarReader
  readonly #staging: Staging
  readonly #inspector = new RecordInspector()
  #commit: Pick<VerifiedImport, 'commit' | 'data'> | undefined
  #size = 0
  #recordBytes = 0
  #walk: TreeWalk | undefined
  /** Blocks out of order since the last one in order, and in all. */
  #outOfOrder = 0
  #staged = 0
  /** The last collection that was valid. */
  #collection = ''

  constructor(sql: SqlStorage, options: ImportOptions) {
    this.#options = options
    this.#reader = new CarReader({ verifies: !options.isVerified })
    this.#staging = new Staging(sql)
  }

  async run(car: ReadableStream<Uint8Array>, base?: ImportBase): Promise<VerifiedImport> {
    for await (const bytes of inLargeChunks(car)) {
      this.#size += bytes.byteLength
      if (this.#size > this.#options.maxSize) throw importTooLarge(this.#options.maxSize)
      for (const { cid, block } of this.#reader.push(bytes)) {
        if (!this.#commit && this.#isRoot(cid)) await this.#begin(cid, block)
        else this.#take(cid, block)
      }
    }
    this.#reader.end()
    if (!this.#commit || !this.#walk) throw invalid('The commit is missing')
    while (this.#catchUp(BLOCKS_PER_TURN)) await scheduler.wait(0)
    if (this.#walk.next && base) await this.#takeFrom(await base())
    const missing = this.#walk.next
    if (missing) throw invalid(`A block is missing: ${cidString(missing.cid)}`)
    const { rev } = this.#staging
    const { after } = this.#options
    return { ...this.#commit, rev, after, staging: this.#staging, unclean: this.#inspector.unclean }
  }

  /** A file of changes (`getRepo` with `since`) leaves out what is here already. */
  async #takeFrom(base: ReadableStream<Uint8Array>): Promise<void> {
    const reader = new CarReader()
    this.#outOfOrder = 0
    for await (const bytes of inLargeChunks(base)) {
      for (const { cid, block } of reader.push(bytes)) this.#take(cid, block)
      if (!this.#walk?.next) return
    }
    while (this.#catchUp(BLOCKS_PER_TURN)) await scheduler.wait(0)
  }

  #isRoot(cid: CidBytes): boolean {
    const { root } = this.#reader
    return root !== undefined && equalBytes(cid, root)
  }

  async #begin(cid: CidBytes, block: Uint8Array): Promise<void> {
    const { did, signingKeys, after, keepRev } = this.#options
    const { data, rev } = await readCommit(block, did, signingKeys)
    this.#staging.rev =
      keepRev && isPlausibleRev(rev)
        ? rev
        : TID.nextStr(isPlausibleRev(rev) && rev > after ? rev : after)
    this.#commit = { commit: { cid, block: block.slice() }, data }
    this.#walk = new TreeWalk(data, (node) => this.#staging.addNode(node), {
      verifies: !this.#options.isVerified,
    })
  }

  #take(cid: CidBytes, block: Uint8Array): void {
    // The tree is complete: what else is in the file belongs to nothing.
    if (this.#walk && !this.#walk.next) return
    let isNext = this.#isNext(cid)
    if (!isNext && this.#walk && this.#outOfOrder < MAX_OUT_OF_ORDER) {
      this.#catchUp(BLOCKS_PER_TURN)
      isNext = this.#isNext(cid)
    }
    if (isNext) {
      this.#outOfOrder = 0
      this.#advance(block)
    } else {
      this.#outOfOrder++
      this.#staged++
      this.#staging.addBlock(cid, block)
    }
  }

  #isNext(cid: CidBytes): boolean {
    const next = this.#walk?.next
    return next !== undefined && equalBytes(next.cid, cid)
  }

  /** Continues with blocks that arrived earlier; false when the next one did not, or at the end. */
  #catchUp(most: number): boolean {
    for (let i = 0; i < most; i++) {
      const next = this.#walk?.next
      // Only a record can be a block that came in order before: tree nodes do not occur twice.
      if (!next || (this.#staged === 0 && next.key === undefined)) return false
      const block = this.#staging.find(next.cid)
      if (!block) return false
      this.#advance(block)
    }
    return true
  }

  #advance(block: Uint8Array): void {
    const next = this.#walk?.next
    if (!this.#walk || !next) return
    if (next.key === undefined) {
      if (block.byteLength > MAX_NODE) throw invalid('A node of the tree is too large')
      this.#walk.enter(block)
      return
    }
    this.#assertPath(next.key)
    this.#recordBytes += block.byteLength
    if (this.#recordBytes > this.#options.maxSize) throw importTooLarge(this.#options.maxSize)
    const blobs = this.#inspector.inspect(next.key, block)
    this.#walk.pass()
    this.#staging.addRecord(next.key, next.cid, block, blobs)
    this.#assertWithinQuota()
  }

  /** Nothing more is stored of what is refused in the end. */
  #assertWithinQuota(): void {
    const { quota } = this.#options
    const { records, bytes } = this.#staging.counts
    if (quota) assertWithinQuota(quota, {}, { records, repositoryBytes: bytes })
  }

  #assertPath(path: string): void {
    const slash = path.indexOf('/')
    const collection = path.slice(0, slash)
    // Thousands of records of one collection come in a row.
    const known = slash > 0 && collection === this.#collection
    if (!(known || isValidNsid(collection)) || !isValidRecordKey(path.slice(slash + 1))) {
      throw invalid(`Invalid record path: ${JSON.stringify(path)}`)
    }
    this.#collection = collection
  }
}

/** Whether a rev may be that of a commit which the network has seen. */
const isPlausibleRev = (rev: unknown): rev is string =>
  typeof rev === 'string' &&
  isValidTid(rev) &&
  TID.fromStr(rev).timestamp() < Date.now() * 1000 + CLOCK_SKEW

/** @param maxSize bytes */
const importTooLarge = (maxSize: number): StorageError =>
  new StorageError('PayloadTooLarge', `The repository is too large: at most ${maxSize} bytes`)

const invalid = (message: string) => new StorageError('InvalidRequest', message)
