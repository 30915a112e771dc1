import type { BlobBody, BlobStore, ByteRange } from './store.ts'

/** Smallest part of a multipart upload that R2 takes, in bytes; all parts but the last are equal. */
const PART = 5 * 1024 * 1024

/** Blobs in an R2 bucket. */
export class R2BlobStore implements BlobStore {
  readonly #bucket: R2Bucket
  constructor(bucket: R2Bucket) {
    this.#bucket = bucket
  }

  async put(
    key: string,
    body: BlobBody,
    size: number | undefined,
    meanwhile?: () => Promise<unknown>,
  ) {
    const isOfParts = size === undefined && body instanceof ReadableStream
    const putting = isOfParts ? this.#putParts(key, body) : this.#bucket.put(key, body)
    const working = meanwhile?.()
    working?.catch(() => undefined)
    await putting
    await working
  }

  async get(key: string, range?: ByteRange) {
    const object = await this.#bucket.get(key, { range })
    return object?.body
  }

  async delete(key: string) {
    await this.#bucket.delete(key)
  }

  async deleteFolder(folder: string) {
    for (;;) {
      const { objects } = await this.#bucket.list({ prefix: `${folder}/` })
      if (objects.length === 0) return
      await this.#bucket.delete(objects.map(({ key }) => key))
    }
  }

  /** A stream of unknown length: at most one part is held in memory. */
  async #putParts(key: string, body: ReadableStream<Uint8Array>) {
    const upload = await this.#bucket.createMultipartUpload(key)
    try {
      const parts: R2UploadedPart[] = []
      for await (const part of inParts(body)) {
        parts.push(await upload.uploadPart(parts.length + 1, part))
      }
      await upload.complete(parts)
    } catch (cause) {
      await upload.abort()
      throw cause
    }
  }
}

/** Cuts a stream into pieces of `PART` bytes and a smaller last one; at least one piece. */
async function* inParts(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(PART)
  let filled = 0
  let empty = true
  for await (const chunk of body) {
    let rest = chunk
    while (rest.byteLength > 0) {
      const taken = rest.subarray(0, PART - filled)
      part.set(taken, filled)
      filled += taken.byteLength
      rest = rest.subarray(taken.byteLength)
      if (filled === PART) {
        yield part
        empty = false
        part = new Uint8Array(PART)
        filled = 0
      }
    }
  }
  if (filled > 0 || empty) yield part.subarray(0, filled)
}
