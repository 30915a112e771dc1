/**
 * Copies of blobs in Cloudflare's cache: each data centre has those that it was asked for, and reads them without R2, which is
 * billed by the read and may be far away.
 */
import { msSince } from '../../kernel/ms-since.ts'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { BlobStore, ByteRange } from '../../storage/blobs/store.ts'
import { contentRange } from './conditional.ts'
import { pump } from './pump.ts'

/** Its own, which neither a client nor a `fetch` of this Worker can look into. */
const NAME = 'blobs'

/** Bytes of the largest blob that is copied. */
const MAX_SIZE = 4 * 1024 * 1024

/** Most bytes that wait in memory to be copied, of all requests: what is read beside them is not copied. */
const MOST = 4 * MAX_SIZE

/** ms after which a copy holds no place any more: the work of a request may be ended without its end being seen. */
const LONGEST = 10 * 60 * 1000

/** Seconds that a copy is kept: what was deleted is gone from everywhere a day later. */
const HEADERS = { 'cache-control': `public, max-age=${24 * 60 * 60}` }

const NOTHING = new Uint8Array(0)

type Bytes = ReadableStream<Uint8Array>

/** What is being copied. */
interface Place {
  size: number
  since: number
  /** Undefined: it took too long. */
  copy: Uint8Array | undefined
}

/** ms for which a cache that has failed is not asked. */
const REST = 60_000

/** Bytes by their keys in the blob store, under which there are never others: whether they may be served is known before. */
export class BlobCache {
  readonly #origin: string
  readonly #waitUntil: (work: Promise<unknown>) => void
  readonly #held = new Set<Place>()
  /** When it failed last, in ms since the epoch. */
  #failedAt: number | undefined

  /**
   * @param origin of this host: Cloudflare wants keys to be addresses below it
   * @param waitUntil keeps the isolate working after the answer was sent
   */
  constructor(origin: string, waitUntil: (work: Promise<unknown>) => void) {
    this.#origin = origin
    this.#waitUntil = waitUntil
  }

  /**
   * The bytes of a blob, or those in `range`, from the cache or else from the store. Then, unless they are a part, they are
   * copied into the cache when they have all been read.
   *
   * @returns undefined when neither has them
   */
  async read(store: BlobStore, blob: BlobRow, range?: ByteRange): Promise<Bytes | undefined> {
    const { key, size } = blob
    if (size === 0 || size > MAX_SIZE || this.#rests) return store.get(key, range)
    const found = await this.#find(blob, range)
    if (found) return found
    const bytes = await store.get(key, range)
    if (!bytes || range || this.#rests || !this.#hasRoom(size)) return bytes
    return this.#copy(blob, bytes)
  }

  async #find({ key, size }: BlobRow, range: ByteRange | undefined): Promise<Bytes | undefined> {
    const headers: HeadersInit = range
      ? { range: `bytes=${range.offset}-${range.offset + range.length - 1}` }
      : {}
    try {
      const cache = await caches.open(NAME)
      const found = await cache.match(new Request(this.#url(key), { headers }))
      if (!found?.body) return undefined
      if (isWanted(found, size, range)) return found.body
      await found.body.cancel().catch(() => undefined)
    } catch {
      // A runtime without a cache: the next request need not find that out again.
      this.#failedAt = Date.now()
    }
    return undefined
  }

  /** A cache may take the part before a failure for the whole: it gets nothing before all is there. */
  #copy({ key, size }: BlobRow, source: Bytes): Bytes {
    const place: Place = { size, since: Date.now(), copy: new Uint8Array(size) }
    this.#held.add(place)
    let filled = 0
    const { stream, done } = pump(source, size, (piece = NOTHING) => {
      place.copy?.set(piece, filled)
      filled += piece.byteLength
      return piece
    })
    const put = async () => {
      if (!place.copy) return
      const cache = await caches.open(NAME)
      await cache.put(this.#url(key), new Response(place.copy, { headers: HEADERS }))
    }
    // Where the client has hung up, the store has failed or the cache is full, the next request reads the store again.
    const copying = done.then(put).catch(() => undefined)
    this.#waitUntil(copying.then(() => this.#held.delete(place)))
    return stream
  }

  get #rests(): boolean {
    return this.#failedAt !== undefined && msSince(this.#failedAt) < REST
  }

  #hasRoom(size: number): boolean {
    let free = MOST - size
    for (const place of this.#held) {
      if (msSince(place.since) > LONGEST) {
        place.copy = undefined
        this.#held.delete(place)
      } else free -= place.size
    }
    return free >= 0
  }

  #url(key: string): string {
    return `${this.#origin}/blobs/${key}`
  }
}

/** Whether an answer of the cache has all that is wanted, and nothing else. */
function isWanted({ status, headers }: Response, size: number, range?: ByteRange): boolean {
  if (range) return status === 206 && headers.get('content-range') === contentRange(range, size)
  return status === 200 && headers.get('content-length') === String(size)
}
