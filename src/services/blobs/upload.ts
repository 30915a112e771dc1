/** Takes in the bytes of a blob: hashed, measured and sniffed on their way to the blob store. */
import { createHash } from 'node:crypto'
import { cidForRawHash, ui8Concat } from '@atproto/lex-data'
import { XRPCError } from '@atproto/xrpc-server'
import type { BlobRow } from '../../storage/account/blobs.ts'
import { type BlobStore, blobFolder } from '../../storage/blobs/store.ts'
import { LocationFilter, type LocationPolicy } from './location/filter.ts'
import { brokenOff, pump } from './pump.ts'
import { Sniffer, typeOf } from './sniffer.ts'
import { holding, mayHold } from './whole.ts'

const NOTHING = new Uint8Array(0)

export interface UploadOptions {
  /** MIME type that the client claims. */
  declaredType: string
  /** Bytes to expect, where the client says. */
  size: number | undefined
  /** Most bytes allowed. */
  limit: number
  /** Throws if the caller may not store the type that counts in the end: what the content shows, if it shows any. */
  assertMayStore?(mimeType: string): void
  /** What happens to images that say where they were taken. */
  location: LocationPolicy
}

/**
 * Takes a blob into the store under a fresh key. The CID is known only at the end, so the key is
 * not made of it; the account's index leads from one to the other. What fails leaves no bytes behind.
 *
 * @throws XRPCError 413 `PayloadTooLarge`; InvalidRequestError when the client stopped half way, or
 * for an image with a location where the policy is to reject those; what `assertMayStore` throws
 */
export async function storeBlob(
  store: BlobStore,
  did: string,
  body: ReadableStream<Uint8Array>,
  options: UploadOptions,
): Promise<BlobRow> {
  const key = `${blobFolder(did)}/${crypto.randomUUID()}`
  const { size } = options
  if (size === undefined || !mayHold(size)) return streamInto(store, key, body, options)
  return holding(body, size, (bytes) => storeWhole(store, key, bytes, options))
}

async function storeWhole(
  store: BlobStore,
  key: string,
  body: Uint8Array,
  { declaredType, limit, assertMayStore, location }: UploadOptions,
): Promise<BlobRow> {
  const bytes = location === 'allow' ? body : withoutLocation(body, location)
  const describe = async (): Promise<BlobRow> => {
    const meter = new Meter(limit)
    meter.measure(bytes)
    const mimeType = (await typeOf(bytes)) ?? concreteType(declaredType)
    assertMayStore?.(mimeType)
    return { cid: cidForRawHash(meter.digest()).toString(), key, mimeType, size: meter.size }
  }
  // Hashed while the disk works: that takes as long as either.
  let described: Promise<BlobRow> | undefined
  const row = (): Promise<BlobRow> => {
    described ??= describe()
    return described
  }
  try {
    await store.put(key, bytes, bytes.byteLength, row)
    return await row()
  } catch (error) {
    await store.delete(key)
    throw error
  }
}

function withoutLocation(body: Uint8Array, location: LocationPolicy): Uint8Array {
  const filter = new LocationFilter(location)
  const most = filter.push(body)
  const rest = filter.push(undefined)
  return rest.byteLength === 0 ? most : ui8Concat([most, rest])
}

async function streamInto(
  store: BlobStore,
  key: string,
  body: ReadableStream<Uint8Array>,
  { declaredType, size, limit, assertMayStore, location }: UploadOptions,
): Promise<BlobRow> {
  const filter = new LocationFilter(location)
  const meter = new Meter(limit)
  const sniffer = new Sniffer()
  const { stream, done, stop } = pump(body, size, (piece) => {
    const bytes = location === 'allow' ? (piece ?? NOTHING) : filter.push(piece)
    meter.measure(bytes)
    sniffer.push(bytes)
    if (piece === undefined && meter.size !== (size ?? meter.size)) throw brokenOff()
    return bytes
  })
  const storing = store.put(key, stream, size).catch(async (error: unknown) => {
    await stop(error)
    throw error
  })
  // Both must have ended before anything is cleaned up. A store may take the part before a failure for
  // the whole: only the pump saw the end.
  const [pumped, stored] = await Promise.allSettled([done, storing])
  const shown = await sniffer.end()
  if (pumped.status === 'rejected' || stored.status === 'rejected') {
    await store.delete(key)
    throw firstCause(pumped, stored)
  }
  const mimeType = shown ?? concreteType(declaredType)
  try {
    assertMayStore?.(mimeType)
  } catch (error) {
    await store.delete(key)
    throw error
  }
  return { cid: cidForRawHash(meter.digest()).toString(), key, mimeType, size: meter.size }
}

/** A refusal breaks the store's work off too; other failures begin there. */
function firstCause(...[pumped, stored]: PromiseSettledResult<void>[]): unknown {
  const isRefusal = pumped?.status === 'rejected' && pumped.reason instanceof XRPCError
  if (isRefusal) return pumped.reason
  if (stored?.status === 'rejected') return stored.reason
  return pumped?.status === 'rejected' ? pumped.reason : undefined
}

/** Clients that do not know send a pattern, which is no type to serve something as. */
const concreteType = (type: string): string =>
  type.includes('*') ? 'application/octet-stream' : type

/** Watches a stream pass by. */
class Meter {
  size = 0
  readonly #limit: number
  readonly #hash = createHash('sha256')

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws XRPCError 413 `PayloadTooLarge` */
  measure(bytes: Uint8Array): void {
    this.size += bytes.byteLength
    if (this.size > this.#limit) {
      throw new XRPCError(413, `Blob is too large: at most ${this.#limit} bytes`, 'PayloadTooLarge')
    }
    this.#hash.update(bytes)
  }

  digest(): Uint8Array {
    return this.#hash.digest()
  }
}
