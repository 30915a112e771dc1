/** Writes files into a backup, reads them back, and checks what they are. */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { cidForRawHash } from '@atproto/lex-data'
import { objectName, type StoredFile } from './format.ts'
import type { BackupStore, LocalFile } from './store/store.ts'

/** A file of the backup is missing, or not what it was when it was written. */
export class DamagedFileError extends Error {
  override name = 'DamagedFileError'
  readonly file: string
  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`)
    this.file = file
  }
}

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
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.byteLength
    if (size > limit) throw new DamagedFileError(name, `it has more than ${limit} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** The files of one backup. */
export class BackupFiles {
  readonly store: BackupStore
  /** What is known to be there, with sizes. */
  readonly #known: Map<string, number>
  /** What was written, in bytes. */
  written = 0

  constructor(store: BackupStore, known: Map<string, number> = new Map()) {
    this.store = store
    this.#known = known
  }

  /** Whether a file is there, of this size. */
  has(name: string, size: number): boolean {
    return this.#known.get(name) === size
  }

  /** Keeps a source in a temporary file, and hashes it on its way. */
  async keep(source: Source): Promise<LocalFile> {
    const path = join(this.store.temporary, randomUUID())
    const hash = createHash('sha256')
    let size = 0
    await pipeline(
      Readable.from(source),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          size += chunk.byteLength
          yield chunk
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    )
    return { path, size, sha256: hash.digest('hex') }
  }

  /** Stores bytes under the name of their hash, unless they are there. */
  async addObject(source: Source): Promise<StoredFile> {
    return this.addKept(await this.keep(source))
  }

  /** The same for a file that was kept. */
  async addKept(file: LocalFile): Promise<StoredFile> {
    const { size, sha256 } = file
    await this.write(objectName(sha256), file)
    return { sha256, size }
  }

  /** Stores a file, reads it back and compares. One that is there is left as it is. @throws DamagedFileError */
  async write(name: string, file: LocalFile): Promise<void> {
    if (this.has(name, file.size)) return rm(file.path)
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
    return (await buffer(this.read(name, sha256, MAX_AT_ONCE))).toString()
  }

  /** A blob that was read to a file of this machine. @throws DamagedFileError */
  async keepBlob(name: string, cid: string): Promise<LocalFile> {
    const file = await this.keep(await this.#open(name))
    if (cidOf(file.sha256) !== cid) throw new DamagedFileError(name, 'its bytes have changed')
    return file
  }

  /** A file of this machine is not needed any more. */
  async discard(file: LocalFile): Promise<void> {
    await rm(file.path, { force: true })
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

  async #open(name: string): Promise<Readable> {
    const stream = await this.store.read(name)
    if (!stream) throw new DamagedFileError(name, 'it is missing')
    return stream
  }

  async #digest(name: string): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of await this.#open(name)) hash.update(chunk as Uint8Array)
    return hash.digest('hex')
  }
}

/** The CID of a blob, by the SHA-256 of its bytes in hex. */
export const cidOf = (sha256: string): string =>
  cidForRawHash(Buffer.from(sha256, 'hex')).toString()

/** The bytes of a file of this machine. */
export const bytesOf = (file: LocalFile): AsyncIterable<Uint8Array> =>
  createReadStream(file.path, { highWaterMark: 256 * 1024 })
