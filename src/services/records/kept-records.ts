import { holds } from '../../kernel/answer-state.ts'

/** Characters of all that is kept, and of one record. */
const MAX_TOTAL = 4 * 1024 * 1024
const MAX_LENGTH = 64 * 1024

/** A record as `getRecord` answers it. */
export interface KeptRecord {
  json: string
  cid: string
  /** The state of the account in which it was read (`src/kernel/answer-state.ts`). */
  state: number
}

/**
 * Records that were read, as long as nothing changes in their account. What the account has answered is durable, and with its
 * next change, before anybody hears of that, it holds no more.
 */
export class KeptRecords {
  readonly #kept = new Map<string, KeptRecord>()
  #total = 0

  /** @param key DID, collection and rkey */
  get(key: string): KeptRecord | undefined {
    const record = this.#kept.get(key)
    if (!record || holds(record.state)) return record
    this.#forget(key, record)
    return undefined
  }

  put(key: string, record: KeptRecord): void {
    if (record.json.length > MAX_LENGTH || !holds(record.state)) return
    const before = this.#kept.get(key)
    if (before) this.#forget(key, before)
    // As it was put together it refers to what it was made from.
    this.#kept.set(key, { ...record, json: Buffer.from(record.json).toString() })
    this.#total += record.json.length
    for (const [oldest, { json }] of this.#kept) {
      if (this.#total <= MAX_TOTAL) return
      this.#forget(oldest, { json })
    }
  }

  #forget(key: string, { json }: Pick<KeptRecord, 'json'>): void {
    this.#kept.delete(key)
    this.#total -= json.length
  }
}
