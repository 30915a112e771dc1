/** Reads of the host's index, as handlers make them. */
import { AtUri } from '@atproto/syntax'
import { cidString } from '../../kernel/cbor/cid.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { IndexPage, IndexRow, KeyCondition, KeyValue } from '../../storage/index/query.ts'
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
  /** One page in the order of the index. Two rows for each record. @throws XRPCError `IndexNotReady` (503) */
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

/** Names that indexes cannot have. */
const OWN = ['get', 'search', 'then']

const DEFAULT_LIMIT = 50
const MAX_AT_ONCE = 100
const MAX_COUNT = 10_000
const MAX_GROUP_COUNT = 1_000

type Objects = Pick<HostObjects, 'index'>

type AnyWhere = Readonly<Record<string, KeyCondition>>

/** The indexes of one collection by name. @param firstPlaces the first place of each index */
export function collectionReader(
  objects: Objects,
  collection: string,
  firstPlaces: Readonly<Record<string, string>>,
): CollectionReader<unknown> & Record<string, IndexReader<unknown, AnyWhere, KeyValue>> {
  const indexes = Object.entries(firstPlaces)
    .filter(([name]) => !OWN.includes(name))
    .map(([name, first]) => [name, indexReader(objects, collection, name, first)] as const)
  return Object.assign(Object.fromEntries(indexes), {
    async get(uris: readonly string[]) {
      const addresses = uris.slice(0, MAX_AT_ONCE).flatMap((uri) => addressOf(uri, collection))
      const rows = await objects.index.query.get(collection, addresses)
      return new Map(rows.flatMap((row) => view(collection, row)).map((one) => [one.uri, one]))
    },
    async search(text: string, options: { limit?: number; cursor?: string } = {}) {
      const offset = Math.max(0, Math.min(Number(options.cursor ?? 0) || 0, MAX_COUNT))
      const limit = options.limit ?? DEFAULT_LIMIT
      return pageView(collection, await objects.index.query.search(collection, text, limit, offset))
    },
  }) as never
}

function indexReader(
  objects: Objects,
  collection: string,
  index: string,
  first: string,
): IndexReader<unknown, AnyWhere, KeyValue> {
  return {
    async page({ limit = DEFAULT_LIMIT, ...options } = {}) {
      const query = { collection, index, limit, ...options }
      return pageView(collection, await objects.index.query.page(query))
    },
    count({ where, max = MAX_COUNT } = {}) {
      return objects.index.query.count({ collection, index, where }, Math.min(max, MAX_COUNT))
    },
    async group(values, { limit = 0, max = MAX_GROUP_COUNT, reverse } = {}) {
      const wanted = [...new Set(values)].slice(0, MAX_AT_ONCE)
      const queries = wanted.map((value) => ({
        ...{ collection, index, limit, reverse },
        where: { [first]: value },
      }))
      const answers = await objects.index.query.group(queries, Math.min(max, MAX_COUNT))
      return new Map(
        wanted.map((value, at) => {
          const { count = 0, page = { rows: [] } } = answers[at] ?? {}
          return [value, { count, records: page.rows.flatMap((row) => view(collection, row)) }]
        }),
      )
    },
  }
}

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
