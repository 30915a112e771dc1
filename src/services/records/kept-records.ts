import { holds } from '../../kernel/answer-state.ts'

/** Bytes of all that is kept, and characters of one record. */
const MAX_TOTAL = 6 * 1024 * 1024
const MAX_LENGTH = 64 * 1024

/** Bytes that each takes beside its texts: the object, its numbers, its place in the map, the heads of texts. */
const OVERHEAD = 120

/** A record as `getRecord` answers it. */
export interface KeptRecord {
  json: string
  cid: string
  /** The state of the account in which it was read (`src/kernel/answer-state.ts`). */
  state: number
}

/** With the bytes that it takes. */
type Sized = KeptRecord & { readonly size: number }

/**
 * Records that were read, as long as nothing changes in their account. What the account has answered is durable, and with its
 * next change, before anybody hears of that, it holds no more.
 */
export class KeptRecords {
  readonly #kept = new Map<string, Sized>()
  #total = 0

  /** @param key DID, collection and rkey */
  get(key: string): KeptRecord | undefined {
    const record = this.#kept.get(key)
    if (!record || holds(record.state)) return record
    this.#forget(key, record)
    return undefined
  }

  put(key: string, { json, cid, state }: KeptRecord): void {
    if (json.length > MAX_LENGTH || !holds(state)) return
    const before = this.#kept.get(key)
    if (before) this.#forget(key, before)
    // As it was put together it refers to what it was made from.
    const utf8 = Buffer.from(json)
    const size = OVERHEAD + key.length + cid.length + sizeOf(json, utf8)
    this.#kept.set(key, { json: utf8.toString(), cid, state, size })
    this.#total += size
    for (const [oldest, record] of this.#kept) {
      if (this.#total <= MAX_TOTAL) return
      this.#forget(oldest, record)
    }
  }

  #forget(key: string, { size }: Sized): void {
    this.#kept.delete(key)
    this.#total -= size
  }
}

/** Bytes of a text in memory at most: V8 has two for each character as soon as one of them needs two. */
const sizeOf = (text: string, utf8: Uint8Array): number =>
  utf8.byteLength === text.length ? text.length : 2 * text.length
