/** Takes in the bytes of a blob: hashed, measured and sniffed on their way to the blob store. */
import { createHash } from 'node:crypto'
import { cidForRawHash } from '@atproto/lex-data'
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { fileTypeFromBuffer } from 'file-type'
import type { BlobRow } from '../storage/account/blobs.ts'
import type { BlobStore } from '../storage/blobs/store.ts'

/** As many bytes as it takes to tell a file type by its content. */
const SAMPLE = 4100

export interface UploadOptions {
  /** MIME type that the client claims. */
  declaredType: string
  /** Bytes to expect, where the client says. */
  size: number | undefined
  /** Most bytes allowed. */
  limit: number
}

/**
 * Streams a blob into the store under a fresh key. The CID is known only at the end, so the key is
 * not made of it; the account's index leads from one to the other. What fails leaves no bytes behind.
 *
 * @throws XRPCError 413 `PayloadTooLarge`; InvalidRequestError when the client stopped half way
 */
export async function storeBlob(
  store: BlobStore,
  did: string,
  body: ReadableStream<Uint8Array>,
  { declaredType, size, limit }: UploadOptions,
): Promise<BlobRow> {
  const key = `${encodeURIComponent(did).replaceAll('%', '_')}/${crypto.randomUUID()}`
  const meter = new Meter(limit)
  try {
    await store.put(key, body.pipeThrough(meter.stream()), size)
    // A store may take the part before a failure for the whole: only the meter saw the end.
    if (!meter.finished) throw new InvalidRequestError('The upload broke off')
  } catch (error) {
    await store.delete(key)
    throw meter.tooLarge() ?? error
  }
  const sniffed = await fileTypeFromBuffer(meter.sample())
  return {
    cid: cidForRawHash(meter.digest()).toString(),
    key,
    mimeType: sniffed?.mime ?? declaredType,
    size: meter.size,
  }
}

/** Watches a stream pass by. */
class Meter {
  size = 0
  /** Whether the stream was seen to its end. */
  finished = false
  readonly #limit: number
  readonly #hash = createHash('sha256')
  readonly #sample = new Uint8Array(SAMPLE)

  constructor(limit: number) {
    this.#limit = limit
  }

  stream(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (chunk, controller) => {
        if (this.size < SAMPLE) {
          this.#sample.set(chunk.subarray(0, SAMPLE - this.size), this.size)
        }
        this.size += chunk.byteLength
        const error = this.tooLarge()
        if (error) return controller.error(error)
        this.#hash.update(chunk)
        controller.enqueue(chunk)
      },
      flush: () => {
        this.finished = true
      },
    })
  }

  tooLarge(): XRPCError | undefined {
    if (this.size <= this.#limit) return undefined
    return new XRPCError(413, `Blob is too large: at most ${this.#limit} bytes`, 'PayloadTooLarge')
  }

  sample(): Uint8Array {
    return this.#sample.subarray(0, Math.min(this.size, SAMPLE))
  }

  digest(): Uint8Array {
    return this.#hash.digest()
  }
}
