/** Reads of the host's index, as handlers make them. */
import { AtUri } from '@atproto/syntax'
import { cidString } from '../../kernel/cbor/cid.ts'
import type { ValueAt } from '../../kernel/collection-places.ts'
import type { CollectionIndexes, RecordOf } from '../../kernel/collections.ts'
import type { KeyCondition, KeyValue } from '../../storage/index/conditions.ts'
import type { IndexPage, IndexRow } from '../../storage/index/pages.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { recordValue } from '../records/json.ts'
import type { RecordView } from '../records/repositories.ts'

/** What a handler may ask of an index at once. */
export interface PageOptions<W> {
  /** Equal on the first places of the index; on the next one a range, if any. */
  where?: W
  /** Records; at most 100. Default: 50. */
  limit?: number
  /** What an earlier page said. */
  cursor?: string
  /** The other way round. */
  reverse?: boolean
}

export interface Page<R> {
  records: RecordView<R>[]
  /** Where the next page begins; undefined: this was the last. */
  cursor?: string
}

/** What a place is compared with. */
export type Condition<V> =
  | V
  | { from?: V; after?: V; to?: V; before?: V; prefix?: V extends string ? string : never }

/** One index of a collection. `W`: conditions by place; `First`: what its first place has. */
export interface IndexReader<R, W, First> {
  /** One page in the order of the index. A row for each record. @throws XRPCError `IndexNotReady` (503) */
  page(options?: PageOptions<W>): Promise<Page<R>>
  /** How many there are, up to `max` (10,000 unless given). A row for each. */
  count(options?: { where?: W; max?: number }): Promise<number>
  /**
   * For each value of the first place: how many records there are, up to `max` (1,000 unless given), and the first
   * `limit` of them (none unless given). All in one round trip; at most 100 values.
   */
  group<V extends First>(
    values: readonly V[],
    options?: Omit<PageOptions<W>, 'cursor' | 'where'> & { max?: number },
  ): Promise<Map<V, { count: number; records: RecordView<R>[] }>>
}

/** What every indexed collection can be asked. */
export interface CollectionReader<R> {
  /** Records by their addresses, in one round trip: those that are there and may be seen, at most 100. */
  get(uris: readonly string[]): Promise<Map<string, RecordView<R>>>
  /** Records with these words, or words that begin so, the best first. */
  search(text: string, options?: { limit?: number; cursor?: string }): Promise<Page<R>>
}

const DEFAULT_LIMIT = 50
const MAX_AT_ONCE = 100
const MAX_COUNT = 10_000
const MAX_GROUP_COUNT = 1_000

type Objects = Pick<HostObjects, 'hostIndex'>

type AnyWhere = Readonly<Record<string, KeyCondition>>

/** What is known of a collection from its file, by types alone. */
interface Indexed {
  index: Readonly<Record<string, readonly string[]>>
}

type WhereOf<R, P extends readonly string[]> = {
  [Place in P[number]]?: Condition<ValueAt<R, Place>>
}

type FirstOf<R, P extends readonly string[]> = ValueAt<R, P[0] & string> & KeyValue

/** The indexes of one collection by name, and what else it can be asked. */
export type ReaderOf<C extends keyof CollectionIndexes> = CollectionReader<RecordOf<C>> &
  (CollectionIndexes[C] extends Indexed
    ? {
        readonly [Name in keyof CollectionIndexes[C]['index']]: IndexReader<
          RecordOf<C>,
          WhereOf<RecordOf<C>, CollectionIndexes[C]['index'][Name]>,
          FirstOf<RecordOf<C>, CollectionIndexes[C]['index'][Name]>
        >
      }
    : unknown)

/** Reads what one collection has in the host's index. */
export function collectionReader<const C extends keyof CollectionIndexes>(
  objects: Objects,
  collection: C,
): ReaderOf<C> {
  const own = collectionMethods(objects, collection)
  return new Proxy(own, {
    get(_, name) {
      if (typeof name !== 'string' || name === 'then') return undefined
      return Object.hasOwn(own, name)
        ? own[name as keyof typeof own]
        : indexReader(objects, collection, name)
    },
  }) as unknown as ReaderOf<C>
}

const collectionMethods = (
  { hostIndex }: Objects,
  collection: string,
): CollectionReader<unknown> => ({
  async get(uris) {
    const addresses = uris.slice(0, MAX_AT_ONCE).flatMap((uri) => addressOf(uri, collection))
    const rows = await hostIndex.query.get(collection, addresses)
    return new Map(rows.flatMap((row) => view(collection, row)).map((one) => [one.uri, one]))
  },
  async search(text, { limit = DEFAULT_LIMIT, cursor = '0' } = {}) {
    const page = await hostIndex.query.search(collection, text, limit, cursor)
    return pageView(collection, page)
  },
})

const indexReader = (
  { hostIndex }: Objects,
  collection: string,
  index: string,
): IndexReader<unknown, AnyWhere, KeyValue> => ({
  async page({ limit = DEFAULT_LIMIT, ...options } = {}) {
    return pageView(
      collection,
      await hostIndex.query.page({ collection, index, limit, ...options }),
    )
  },
  count({ where, max = MAX_COUNT } = {}) {
    return hostIndex.query.count({ collection, index, where }, Math.min(max, MAX_COUNT))
  },
  async group(values, { limit = 0, max = MAX_GROUP_COUNT, reverse } = {}) {
    const wanted = [...new Set(values)].slice(0, MAX_AT_ONCE)
    const query = { collection, index, limit, reverse }
    const answers = await hostIndex.query.group(query, wanted, Math.min(max, MAX_COUNT))
    return new Map(
      wanted.map((value, at) => {
        const { count = 0, page = { rows: [] } } = answers[at] ?? {}
        return [value, { count, records: page.rows.flatMap((row) => view(collection, row)) }]
      }),
    )
  },
})

const pageView = (collection: string, { rows, cursor }: IndexPage): Page<unknown> => ({
  records: rows.flatMap((row) => view(collection, row)),
  ...(cursor !== undefined && { cursor }),
})

function view(collection: string, { did, rkey, cid, block }: IndexRow): RecordView<unknown>[] {
  const value = recordValue(block)
  if (value === undefined) return []
  return [{ uri: `at://${did}/${collection}/${rkey}`, cid: cidString(cid), value }]
}

/** Whose record an address names; none for one of another collection, or that is no address. */
function addressOf(text: string, wanted: string): { did: string; rkey: string }[] {
  try {
    const { host: did, collection, rkey } = new AtUri(text)
    return collection === wanted && rkey !== '' ? [{ did, rkey }] : []
  } catch {
    return []
  }
}
