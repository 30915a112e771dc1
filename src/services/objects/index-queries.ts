import { InvalidRequestError } from '@atproto/xrpc-server'
import type { RpcClient } from '../../contracts/answer.ts'
import type { IndexQueryRpc } from '../../contracts/host-index.ts'
import { mergePages, mergeRanked } from '../../storage/index/merge.ts'
import {
  between,
  type IndexPage,
  type IndexRow,
  type IndexSelection,
  MAX_BYTES,
  MAX_OFFSET,
  MAX_PAGE,
} from '../../storage/index/pages.ts'
import type { IndexShardClient, WithShards } from './index-clients.ts'

export interface IndexSearchRpc {
  /** Records with these words. @param cursor of an earlier page */
  search(collection: string, text: string, limit: number, cursor: string): IndexPage
}

/** Bytes that all objects may send for one answer, of which `MAX_BYTES` at most become part of it. */
const MAX_SENT = 4 * MAX_BYTES

/** Bytes that each of some objects may send. */
const shareOf = (objects: number): number => Math.min(MAX_BYTES, Math.ceil(MAX_SENT / objects))

type QueryClient = RpcClient<{ query: Omit<IndexQueryRpc, 'search'> & IndexSearchRpc }>['query']

/** Questions for the index, each asked of all objects at once, or of the one that can know. */
export const queryPart = (withShards: WithShards): QueryClient => ({
  page: (query) =>
    withShards(async ({ all, of }) => {
      const one = only(all) ?? ofAccount(query, of)
      if (one) return one.query.page(query)
      const pages = await Promise.all(
        all.map(({ shard }) => shard.page(query, shareOf(all.length))),
      )
      const { limit, reverse = false } = query
      return mergePages(pages, {
        ...{ limit: between(1, limit, MAX_PAGE), reverse, maxBytes: MAX_BYTES },
      })
    }),

  count: (selection, max) =>
    withShards(async ({ all, of }) => {
      const one = only(all) ?? ofAccount(selection, of)
      if (one) return one.query.count(selection, max)
      const counts = await Promise.all(all.map(({ query }) => query.count(selection, max)))
      return between(0, Math.min(max, sum(counts)), Number.MAX_SAFE_INTEGER)
    }),

  group: (query, values, max) =>
    withShards(async ({ all }) => {
      const one = only(all)
      if (one) return one.query.group(query, values, max)
      const share = shareOf(all.length)
      const groups = await Promise.all(
        all.map(({ shard }) => shard.group(query, values, max, share)),
      )
      const { limit, reverse = false } = query
      let left = MAX_BYTES
      return values.map((_, at) => {
        const counts = groups.map((group) => group[at]?.count ?? 0)
        const pages = groups.map((group) => group[at]?.page ?? { rows: [] })
        const page: IndexPage =
          limit > 0 && left > 0
            ? mergePages(pages, { limit: between(1, limit, MAX_PAGE), reverse, maxBytes: left })
            : { rows: [] }
        for (const { block } of page.rows) left -= block.byteLength
        return { page, count: Math.min(max, sum(counts)) }
      })
    }),

  get: (collection, addresses) =>
    withShards(async ({ all, placeOf }) => {
      const one = only(all)
      if (one) return one.query.get(collection, addresses)
      const byPlace = Map.groupBy(addresses, ({ did }) => placeOf(did))
      const found = await Promise.all(
        [...byPlace].map(([place, some]) => all[place]?.query.get(collection, some) ?? []),
      )
      return inOrder(addresses, found.flat())
    }),

  search: (collection, text, limit, cursor) =>
    withShards(async ({ all }) => {
      const offsets = readOffsets(cursor, all.length)
      const one = only(all)
      if (one) return one.query.search(collection, text, limit, offsets[0] ?? 0)
      const share = shareOf(all.length)
      const pages = await Promise.all(
        all.map(({ shard }, at) => shard.search(collection, text, limit, offsets[at] ?? 0, share)),
      )
      const { rows, next, more } = mergeRanked(pages, between(1, limit, MAX_PAGE), MAX_BYTES)
      return { rows, ...(more && sum(next) < MAX_OFFSET && { cursor: next.join('_') }) }
    }),
})

const only = (all: readonly IndexShardClient[]): IndexShardClient | undefined =>
  all.length === 1 ? all[0] : undefined

/** The one that has all records of an account, if that is asked for. */
function ofAccount(
  { where }: IndexSelection,
  of: (did: string) => IndexShardClient,
): IndexShardClient | undefined {
  const did = where?.['@did']
  return typeof did === 'string' ? of(did) : undefined
}

const sum = (counts: readonly number[]): number => counts.reduce((total, n) => total + n, 0)

/** What several objects have found of some addresses, in their order, as far as one answer goes. */
function inOrder(
  addresses: readonly { did: string; rkey: string }[],
  found: readonly IndexRow[],
): IndexRow[] {
  const byAddress = new Map(found.map((row) => [`${row.did}/${row.rkey}`, row]))
  const rows: IndexRow[] = []
  let bytes = 0
  for (const { did, rkey } of addresses) {
    const row = byAddress.get(`${did}/${rkey}`)
    if (!row) continue
    bytes += row.block.byteLength
    if (bytes > MAX_BYTES && rows.length > 0) break
    rows.push(row)
  }
  return rows
}

/**
 * How many matches of each object were passed by earlier pages. Of a cursor that several objects made only the sum counts when
 * there are others now: then pages may repeat some, or leave some out.
 *
 * @throws InvalidRequestError
 */
function readOffsets(cursor: string, objects: number): number[] {
  const offsets = cursor.split('_')
  if (!/^\d{1,4}(_\d{1,4}){0,31}$/.test(cursor)) {
    throw new InvalidRequestError('The cursor is none of this search')
  }
  const numbers = offsets.map(Number)
  const total = sum(numbers)
  if (total >= MAX_OFFSET) throw new InvalidRequestError('The cursor is none of this search')
  if (numbers.length === objects) return numbers
  return Array.from({ length: objects }, (_, at) => Math.floor((total + at) / objects))
}
