import { holds } from '../../kernel/answer-state.ts'
import { flatKey, type KeptText, MAX_LENGTH } from './kept-text.ts'

/** Bytes of all that is kept. */
const MAX_TOTAL = 6 * 1024 * 1024

/** The same of a page: blocks have at most five times as many, which is less than what an account gives in one answer. */
const MAX_PAGE = 256 * 1024

/** Bytes that a record takes beside its text. */
const OVERHEAD = 128

/** Which page of a collection. */
interface PageOptions {
  limit: number
  cursor?: string | undefined
  reverse?: boolean | undefined
}

/** A record that is kept, between its neighbours: undefined is one that is not known, null that there is none. */
interface Kept extends KeptText {
  readonly rkey: string
  readonly collection: KeptCollection
  older: Kept | null | undefined
  newer: Kept | null | undefined
}

/** What is kept of one collection of one account, in one state of it. */
interface KeptCollection {
  /** DID and NSID. */
  readonly name: string
  /** As `src/kernel/answer-state.ts` numbers it. */
  readonly state: number
  /** The same as clients are told it; undefined until a page was read. */
  tag: string | undefined
  readonly records: Map<string, Kept>
  newest: Kept | undefined
  oldest: Kept | undefined
}

/** A page as an account answers it. */
export interface ReadPage {
  /** In the order that was asked for; those without JSON, and those that are too long, have no text. */
  records: readonly { rkey: string; text: KeptText | undefined }[]
  /** Whether there may be more behind the last of them. */
  more: boolean
  tag: string
  state: number
}

/**
 * Records that were read, and which of them are next to each other, as long as nothing changes in their account. What the
 * account has answered is durable, and with its next change, before anybody hears of that, it holds no more.
 */
export class KeptRecords {
  readonly #collections = new Map<string, KeptCollection>()
  /** All of them, the one that was read first before the others. */
  readonly #records = new Set<Kept>()
  #total = 0

  /** @param name DID and NSID, with a slash between. @param state unless given, the one that is now */
  get(name: string, rkey: string, state?: number): KeptText | undefined {
    const collection = this.#collection(name)
    if (state !== undefined && collection?.state !== state) return undefined
    return collection?.records.get(rkey)
  }

  put(name: string, rkey: string, text: KeptText, state: number): void {
    if (text.text.length > MAX_LENGTH || !holds(state)) return
    this.#add(this.#begin(name, state), rkey, text)
    this.#evict()
  }

  /** How clients are told the state that a collection is in, where it is known. */
  tag = (name: string): string | undefined => this.#collection(name)?.tag

  /** The records of a page; undefined: not all of it is known. */
  page(name: string, { limit, cursor, reverse }: PageOptions): readonly Kept[] | undefined {
    const collection = this.#collection(name)
    if (collection?.tag === undefined) return undefined
    const side = reverse ? 'newer' : 'older'
    let next: Kept | null | undefined
    if (cursor !== undefined) next = collection.records.get(cursor)?.[side]
    else next = reverse ? collection.oldest : collection.newest
    const page: Kept[] = []
    for (let length = 0; page.length < limit && next !== null; next = next[side]) {
      if (next === undefined) return undefined
      length += next.text.length
      if (length > MAX_PAGE) return undefined
      page.push(next)
    }
    return page
  }

  /** Keeps a page that was read, and that its records are next to each other. */
  putPage(name: string, { cursor, reverse }: PageOptions, page: ReadPage): void {
    const { records, more, state } = page
    if (!holds(state) || (records.length === 0 && !this.#collection(name))) return
    const collection = this.#begin(name, state)
    collection.tag = page.tag
    let before = cursor === undefined ? null : collection.records.get(cursor)
    for (const { rkey, text } of records) {
      const isKept = text !== undefined && text.text.length <= MAX_LENGTH
      const record = isKept ? this.#add(collection, rkey, text) : undefined
      join(collection, before, record, reverse)
      before = record
    }
    if (!more) join(collection, before, null, reverse)
    this.#evict()
    // Of a page of which nothing can be kept.
    if (collection.records.size === 0) this.#collections.delete(name)
  }

  /** What is kept of a collection, if it still holds. */
  #collection(name: string): KeptCollection | undefined {
    const collection = this.#collections.get(name)
    if (!collection || holds(collection.state)) return collection
    for (const record of collection.records.values()) this.#forget(record)
    return undefined
  }

  #begin(name: string, state: number): KeptCollection {
    const known = this.#collection(name)
    if (known) return known
    const collection: KeptCollection = {
      ...{ name, state, tag: undefined, records: new Map() },
      ...{ newest: undefined, oldest: undefined },
    }
    this.#collections.set(name, collection)
    return collection
  }

  /** One that is there already is the same: nothing has changed since. */
  #add(collection: KeptCollection, key: string, { text, isAscii }: KeptText): Kept {
    const known = collection.records.get(key)
    if (known) return known
    const rkey = flatKey(key)
    const record: Kept = { rkey, collection, text, isAscii, older: undefined, newer: undefined }
    collection.records.set(rkey, record)
    this.#records.add(record)
    this.#total += text.length + OVERHEAD
    return record
  }

  #evict(): void {
    for (const record of this.#records) {
      if (this.#total <= MAX_TOTAL) return
      this.#forget(record)
    }
  }

  #forget(record: Kept): void {
    const { collection, rkey, older, newer, text } = record
    if (older) older.newer = undefined
    if (newer) newer.older = undefined
    if (collection.newest === record) collection.newest = undefined
    if (collection.oldest === record) collection.oldest = undefined
    collection.records.delete(rkey)
    this.#records.delete(record)
    this.#total -= text.length + OVERHEAD
    if (collection.records.size === 0) this.#collections.delete(collection.name)
  }
}

/** Notes that one record comes after the other in the order that was asked for; null: there is none. */
function join(
  collection: KeptCollection,
  before: Kept | null | undefined,
  after: Kept | null | undefined,
  reverse = false,
): void {
  const [newer, older] = reverse ? [after, before] : [before, after]
  if (newer && older !== undefined) newer.older = older
  if (older && newer !== undefined) older.newer = newer
  if (newer === null && older) collection.newest = older
  if (older === null && newer) collection.oldest = newer
}
