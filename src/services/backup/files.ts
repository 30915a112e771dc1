/** Writes files into a backup, reads them back, and checks what they are. */

import { createHash } from 'node:crypto'
import { cidForRawHash } from '@atproto/lex-data'
import { DamagedFileError, RefusedError } from './errors.ts'
import { objectName, type StoredFile } from './format.ts'
import type { BackupStore, ByteSource, KeptFile } from './store.ts'

/** Bytes of what is read at once, and of what it is when it is unpacked: a text has no more in Node. */
export const MAX_AT_ONCE = 512 * 1024 * 1024 - 32

/**
 * A small file of which no hash is known: whoever may write into the backup may have written anything.
 *
 * @param limit in bytes @returns undefined: there is none @throws DamagedFileError where it is larger
 */
export async function readSmall(
  store: BackupStore,
  name: string,
  limit = 1024 * 1024,
): Promise<Buffer | undefined> {
  const stream = await store.read(name)
  if (!stream) return undefined
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of stream) {
    size += piece.byteLength
    if (size > limit) throw new DamagedFileError(name, `it has more than ${limit} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** The files of one backup. */
export class BackupFiles {
  readonly store: BackupStore
  /** What is known to be there, with sizes. */
  readonly #known: Map<string, number>
  readonly #maxAtOnce: number
  /** What was written, in bytes. */
  written = 0

  /** @param maxAtOnce bytes of a manifest or an index, at most */
  constructor(store: BackupStore, known: Map<string, number> = new Map(), maxAtOnce = MAX_AT_ONCE) {
    this.store = store
    this.#known = known
    this.#maxAtOnce = maxAtOnce
  }

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** Whether a file is there, of this size. */
  has(name: string, size: number): boolean {
    return this.#known.get(name) === size
  }

  hasObject({ sha256, size }: StoredFile): boolean {
    return this.has(objectName(sha256), size)
  }

  /** Keeps a source where it can be read again, and hashes it on its way. */
  keep(source: ByteSource): Promise<KeptFile> {
    return this.store.keep(source)
  }

  /** Stores bytes under the name of their hash, unless they are there. */
  async addObject(source: ByteSource): Promise<StoredFile> {
    return this.addKept(await this.keep(source))
  }

  /** The same for a file that was kept. */
  async addKept(file: KeptFile): Promise<StoredFile> {
    const { size, sha256 } = file
    await this.write(objectName(sha256), file)
    return { sha256, size }
  }

  /** Stores a file, reads it back and compares. One that is there is left as it is. @throws DamagedFileError */
  async write(name: string, file: KeptFile): Promise<void> {
    if (this.has(name, file.size)) return file.discard()
    await this.store.write(name, file)
    const digest = await this.#digest(name)
    if (digest !== file.sha256) throw new DamagedFileError(name, 'it was not stored as it was sent')
    this.#known.set(name, file.size)
    this.written += file.size
  }

  /** The bytes of a file, checked against its hash at the end. @throws DamagedFileError */
  async *read(
    name: string,
    sha256: string,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of await this.#open(name)) {
      hash.update(chunk)
      size += chunk.length
      if (size > limit) throw new DamagedFileError(name, `it has more than ${limit} bytes`)
      yield chunk
    }
    if (hash.digest('hex') !== sha256) throw new DamagedFileError(name, 'its bytes have changed')
  }

  /** One that is read at once is to be limited. */
  readObject({ sha256 }: StoredFile, limit?: number): AsyncGenerator<Uint8Array> {
    return this.read(objectName(sha256), sha256, limit)
  }

  /** @throws DamagedFileError */
  async text(name: string, sha256: string): Promise<string> {
    return (await collect(this.read(name, sha256, this.#maxAtOnce))).toString()
  }

  /** A blob that was read from the backup, and checked. @throws DamagedFileError */
  async keepBlob(name: string, cid: string): Promise<KeptFile> {
    const file = await this.keep(await this.#open(name))
    if (cidOf(file.sha256) === cid) return file
    await file.discard()
    throw new DamagedFileError(name, 'its bytes have changed')
  }

  /** Reads a file and compares. @throws DamagedFileError */
  async check(name: string, sha256: string): Promise<void> {
    const digest = await this.#digest(name)
    if (digest !== sha256) throw new DamagedFileError(name, 'its bytes have changed')
  }

  async checkBlob(name: string, cid: string): Promise<void> {
    const digest = await this.#digest(name)
    if (cidOf(digest) !== cid) throw new DamagedFileError(name, 'its bytes have changed')
  }

  async #open(name: string): Promise<AsyncIterable<Uint8Array>> {
    const stream = await this.store.read(name)
    if (!stream) throw new DamagedFileError(name, 'it is missing')
    return stream
  }

  async #digest(name: string): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of await this.#open(name)) hash.update(chunk)
    return hash.digest('hex')
  }
}

/** The CID of a blob, by the SHA-256 of its bytes in hex. */
export const cidOf = (sha256: string): string =>
  cidForRawHash(Buffer.from(sha256, 'hex')).toString()

/** All bytes of a source that was limited. */
export async function collect(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Ends a source that is larger. @throws RefusedError */
export async function* upTo(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > limit) throw new RefusedError(413, TOO_LARGE, tooLarge(what, limit))
    yield chunk
  }
}

/** Reason of a RefusedError. */
export const TOO_LARGE = 'TooLargeHere'

const tooLarge = (what: string, limit: number): string =>
  `${what} have more than ${Math.floor(limit / 1024 / 1024)} MiB, which is too much for where the backup is made: ` +
  '`cumulus backup` on a machine takes more'
