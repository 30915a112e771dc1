/**
 * Takes in a whole repository from a CAR file (com.atproto.repo.importRepo) in bounded memory. Nothing
 * of the account changes before all of it has arrived and was found right.
 */
import { TID } from '@atproto/common-web'
import { verifySignature } from '@atproto/crypto'
import { decode, encode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexMap } from '@atproto/lex-data'
import { isValidNsid, isValidRecordKey } from '@atproto/syntax'
import { equalBytes } from '../../kernel/cbor/cid.ts'
import { MalformedCborError } from '../../kernel/cbor/reader.ts'
import { scanRecord } from '../../kernel/cbor/scan.ts'
import { CarReader, MalformedCarError } from '../car-reader.ts'
import { StorageError } from '../error.ts'
import { type CidBytes, MalformedTreeError } from '../mst/node.ts'
import { TreeWalk } from '../mst/walk.ts'
import { Staging } from './staging.ts'

/** Bytes read at once, while there are so many to come. */
const CHUNK = 256 * 1024

/** Blocks taken before others get a turn. */
const TURN = 2000

/**
 * After so many blocks in a row for which the walk did not wait, the file is not in its order: looking
 * after each further one whether the walk can go on would be in vain.
 */
const PATIENCE = 100

export interface ImportOptions {
  did: string
  /** did:keys one of which must have signed the commit. */
  signingKeys: readonly string[]
  /** Rev of the repository that is replaced. */
  after: string
}

/** What has arrived and was found right, ready to take the place of what is there. */
export interface VerifiedImport {
  /** CID of the tree's root. */
  data: CidBytes
  /** Rev that the imported rows carry; the commit to be signed must have it. */
  rev: string
  staging: Staging
}

/** @throws StorageError `InvalidRequest`, saying what is wrong */
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
  #commit: { data: CidBytes } | undefined
  #walk: TreeWalk | undefined
  /** Blocks in a row for which the walk did not wait. */
  #strays = 0
  #kept = 0
  /** The collection that was found valid last. */
  #collection = ''

  constructor(sql: SqlStorage, options: ImportOptions) {
    this.#options = options
    this.#rev = TID.nextStr(options.after)
    this.#staging = new Staging(sql, this.#rev)
  }

  async run(car: ReadableStream<Uint8Array>): Promise<VerifiedImport> {
    for await (const bytes of inLargeChunks(car)) {
      for (const { cid, block } of this.#reader.push(bytes)) {
        if (!this.#commit && this.#isRoot(cid)) await this.#begin(block)
        else this.#take(cid, block)
      }
    }
    this.#reader.end()
    if (!this.#commit || !this.#walk) throw invalid('The commit is missing')
    while (this.#catchUp(TURN)) await scheduler.wait(0)
    if (this.#walk.next) throw invalid('A block is missing')
    return { data: this.#commit.data, rev: this.#rev, staging: this.#staging }
  }

  #isRoot(cid: CidBytes): boolean {
    const { root } = this.#reader
    return root !== undefined && equalBytes(cid, root)
  }

  async #begin(commit: Uint8Array): Promise<void> {
    this.#commit = await readCommit(commit, this.#options)
    this.#walk = new TreeWalk(this.#commit.data, (node) => this.#staging.addNode(node))
  }

  #take(cid: CidBytes, block: Uint8Array): void {
    let isNext = this.#isNext(cid)
    if (!isNext && this.#walk && this.#strays < PATIENCE) {
      this.#catchUp(TURN)
      isNext = this.#isNext(cid)
    }
    if (isNext) {
      this.#strays = 0
      this.#advance(block)
    } else {
      this.#strays++
      this.#kept++
      this.#staging.addBlock(cid, block)
    }
  }

  #isNext(cid: CidBytes): boolean {
    const next = this.#walk?.next
    return next !== undefined && equalBytes(next.cid, cid)
  }

  /** Goes on with blocks that came before; false when the next one did not, or at the end. */
  #catchUp(most: number): boolean {
    for (let i = 0; i < most; i++) {
      const next = this.#walk?.next
      // Only a record can be one that was passed already: tree nodes do not occur twice.
      if (!next || (this.#kept === 0 && next.key === undefined)) return false
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

/** Each chunk is a turn of the event loop and a message: many small ones take longer than what is in them. */
async function* inLargeChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    for (;;) {
      const { value, done } = await reader.readAtLeast(CHUNK, new Uint8Array(CHUNK))
      if (value && value.byteLength > 0) yield value
      if (done) return
    }
  } finally {
    // Where the import was given up, nobody reads the rest.
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
    // Told below.
  }
  if (!isPlainObject(commit)) throw invalid('The commit is malformed')
  return commit as LexMap
}

const invalid = (message: string) => new StorageError('InvalidRequest', message)
