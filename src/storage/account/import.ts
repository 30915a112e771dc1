/**
 * Imports a repository from a CAR file (com.atproto.repo.importRepo) in bounded memory. Nothing of the account
 * changes before the whole file was received and verified.
 */
import { TID } from '@atproto/common-web'
import { verifySignature } from '@atproto/crypto'
import { decode, encode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexMap } from '@atproto/lex-data'
import { isValidNsid, isValidRecordKey } from '@atproto/syntax'
import { type CidBytes, equalBytes } from '../../kernel/cbor/cid.ts'
import { MalformedCborError } from '../../kernel/cbor/reader.ts'
import { scanRecord } from '../../kernel/cbor/scan.ts'
import { CarReader, MalformedCarError } from '../car-reader.ts'
import { StorageError } from '../error.ts'
import { MalformedTreeError } from '../mst/node.ts'
import { TreeWalk } from '../mst/walk.ts'
import { Staging } from './staging.ts'

/** Bytes of one read from the stream. */
const CHUNK = 256 * 1024

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

export interface ImportOptions {
  did: string
  /** did:keys; the commit must be signed with one of them. */
  signingKeys: readonly string[]
  /** Rev of the repository that is replaced. */
  after: string
  /** Most bytes of the file. */
  maxSize: number
}

/** A verified import, ready to replace the repository. */
export interface VerifiedImport {
  /** The commit as it was in the file. */
  commit: { cid: CidBytes; block: Uint8Array }
  /** CID of the tree's root. */
  data: CidBytes
  /** Rev that the imported rows carry; the commit to be signed must have it. */
  rev: string
  staging: Staging
}

/** @throws StorageError `InvalidRequest` when the file is not a valid repository of the account */
export async function readImport(
  sql: SqlStorage,
  car: ReadableStream<Uint8Array>,
  options: ImportOptions,
): Promise<VerifiedImport> {
  try {
    return await new Import(sql, options).run(car)
  } catch (error) {
    if (
      error instanceof MalformedCarError ||
      error instanceof MalformedTreeError ||
      error instanceof MalformedCborError
    ) {
      throw invalid(error.message)
    }
    throw error
  }
}

class Import {
  readonly #options: ImportOptions
  readonly #reader = new CarReader()
  readonly #rev: string
  readonly #staging: Staging
  #commit: Pick<VerifiedImport, 'commit' | 'data'> | undefined
  #size = 0
  #walk: TreeWalk | undefined
  /** Blocks out of order since the last one in order, and in all. */
  #outOfOrder = 0
  #staged = 0
  /** The last collection that was valid. */
  #collection = ''

  constructor(sql: SqlStorage, options: ImportOptions) {
    this.#options = options
    this.#rev = TID.nextStr(options.after)
    this.#staging = new Staging(sql, this.#rev)
  }

  async run(car: ReadableStream<Uint8Array>): Promise<VerifiedImport> {
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
    if (this.#walk.next) throw invalid('A block is missing')
    return { ...this.#commit, rev: this.#rev, staging: this.#staging }
  }

  #isRoot(cid: CidBytes): boolean {
    const { root } = this.#reader
    return root !== undefined && equalBytes(cid, root)
  }

  async #begin(cid: CidBytes, block: Uint8Array): Promise<void> {
    const { data } = await readCommit(block, this.#options)
    this.#commit = { commit: { cid, block: block.slice() }, data }
    this.#walk = new TreeWalk(data, (node) => this.#staging.addNode(node))
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
    const { blobs } = scanRecord(block)
    this.#walk.pass()
    this.#staging.addRecord(next.key, next.cid, block, blobs)
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

/** Each chunk is a turn of the event loop and a message, so that small chunks would be slow. */
async function* inLargeChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    for (;;) {
      const { value, done } = await reader.readAtLeast(CHUNK, new Uint8Array(CHUNK))
      if (value && value.byteLength > 0) yield value
      if (done) return
    }
  } finally {
    // After an error the rest of the stream is not read.
    await reader.cancel().catch(() => undefined)
  }
}

/** Checks the commit object and its signature. */
async function readCommit(
  block: Uint8Array,
  { did, signingKeys }: ImportOptions,
): Promise<{ data: CidBytes }> {
  const commit = decodeCommit(block)
  if (commit.did !== did) throw invalid(`The repository belongs to ${String(commit.did)}`)
  if (commit.version !== 3) throw invalid('The commit is not of version 3')
  const { sig, ...unsigned } = commit
  if (!(sig instanceof Uint8Array) || !isCid(commit.data, { flavor: 'cbor' })) {
    throw invalid('The commit is malformed')
  }
  const message = encode(unsigned)
  for (const key of signingKeys) {
    if (await verifySignature(key, message, sig).catch(() => false)) {
      return { data: commit.data.bytes }
    }
  }
  throw invalid('The commit is not signed with the key of the account')
}

function decodeCommit(block: Uint8Array): LexMap {
  let commit: unknown
  try {
    commit = decode(block)
  } catch {
    // Reported below.
  }
  if (!isPlainObject(commit)) throw invalid('The commit is malformed')
  return commit as LexMap
}

/** @param maxSize bytes */
const importTooLarge = (maxSize: number): StorageError =>
  new StorageError('PayloadTooLarge', `The repository is too large: at most ${maxSize} bytes`, 413)

const invalid = (message: string) => new StorageError('InvalidRequest', message)
