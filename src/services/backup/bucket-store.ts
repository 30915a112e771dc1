/** A backup in a bucket that is bound to the Worker: the same files as `cli/backup/store/s3.ts` has there. */
import { createHash, randomUUID } from 'node:crypto'
import { BackupError } from './errors.ts'
import { assertName, type BackupStore, type ByteSource, isName, type KeptFile } from './store.ts'

/** Bytes that are kept in memory, and of a part of what is larger: R2 takes no smaller ones than 5 MiB. */
const PIECE = 8 * 1024 * 1024

/** Names that the memory of a Worker has room for. */
const MAX_FILES = 200_000

/** Names that R2 removes in one request. */
const REMOVED_AT_ONCE = 1000

/** What is larger than a piece lies here until it has its name. */
export const PARTIAL = 'partial'

class BucketFile implements KeptFile {
  readonly size: number
  readonly sha256: string
  /** The bytes, or the name under which they lie. */
  readonly content: Uint8Array | string
  readonly #store: BucketStore

  constructor(store: BucketStore, content: Uint8Array | string, size: number, sha256: string) {
    this.#store = store
    this.content = content
    this.size = size
    this.sha256 = sha256
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    if (typeof this.content === 'string') yield* (await this.#store.read(this.content)) ?? []
    else yield this.content
  }

  async discard(): Promise<void> {
    if (typeof this.content === 'string') await this.#store.remove(this.content)
  }
}

export class BucketStore implements BackupStore {
  readonly name = 'the bucket BACKUPS'
  readonly #bucket: R2Bucket
  readonly #spend: () => void

  /** @param spend called before each request */
  constructor(bucket: R2Bucket, spend: () => void) {
    this.#bucket = bucket
    this.#spend = spend
  }

  async keep(source: ByteSource): Promise<KeptFile> {
    const hash = createHash('sha256')
    const name = `${PARTIAL}/${randomUUID()}`
    let size = 0
    let upload: R2MultipartUpload | undefined
    const parts: R2UploadedPart[] = []
    let piece: Uint8Array = new Uint8Array()
    try {
      for await (const next of inPieces(source)) {
        if (size > 0) {
          if (!upload) this.#spend()
          upload ??= await this.#bucket.createMultipartUpload(name)
          this.#spend()
          parts.push(await upload.uploadPart(parts.length + 1, piece))
        }
        hash.update(next)
        size += next.byteLength
        piece = next
      }
      const sha256 = hash.digest('hex')
      if (!upload) return new BucketFile(this, piece, size, sha256)
      this.#spend()
      parts.push(await upload.uploadPart(parts.length + 1, piece))
      this.#spend()
      await upload.complete(parts)
      return new BucketFile(this, name, size, sha256)
    } catch (error) {
      // What was uploaded would be paid for.
      await upload?.abort().catch(() => undefined)
      throw error
    }
  }

  async list(folder: string): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    const prefix = `${assertName(folder)}/`
    let cursor: string | undefined
    let seen = 0
    do {
      this.#spend()
      const page = await this.#bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
      seen += page.objects.length
      // What else lies there is somebody else's.
      for (const { key, size } of page.objects) if (isName(key)) found.set(key, size)
      if (seen > MAX_FILES) {
        throw new BackupError(
          `${this.name} has more than ${MAX_FILES} files, too many for a Worker: run cumulus backup on a machine.`,
        )
      }
      cursor = page.truncated ? page.cursor : undefined
    } while (cursor !== undefined)
    return found
  }

  async read(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.#spend()
    return (await this.#bucket.get(assertName(name)))?.body
  }

  async write(name: string, kept: KeptFile): Promise<void> {
    if (!(kept instanceof BucketFile)) throw new TypeError('this was kept elsewhere')
    const { content, sha256 } = kept
    // R2 refuses bytes that are not those of this hash.
    if (typeof content !== 'string') {
      this.#spend()
      await this.#bucket.put(assertName(name), content, { sha256 })
      return
    }
    this.#spend()
    const object = await this.#bucket.get(content)
    if (!object) throw new BackupError(`${this.name} does not keep what is written to it.`)
    this.#spend()
    await this.#bucket.put(assertName(name), object.body, { sha256 })
    await kept.discard()
  }

  async remove(...names: string[]): Promise<number> {
    for (let at = 0; at < names.length; at += REMOVED_AT_ONCE) {
      this.#spend()
      await this.#bucket.delete(names.slice(at, at + REMOVED_AT_ONCE).map(assertName))
    }
    return names.length
  }

  async close(): Promise<void> {}
}

/** Cuts a source into pieces of `PIECE` bytes and a smaller last one. */
async function* inPieces(source: ByteSource): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = []
  let size = 0
  for await (let chunk of source) {
    while (size + chunk.byteLength >= PIECE) {
      const part = chunk.subarray(0, PIECE - size)
      yield Buffer.concat([...chunks, part])
      chunk = chunk.subarray(part.byteLength)
      chunks = []
      size = 0
    }
    // Who gives the chunk may use its memory again.
    if (chunk.byteLength > 0) chunks.push(chunk.slice())
    size += chunk.byteLength
  }
  if (size > 0) yield Buffer.concat(chunks)
}
