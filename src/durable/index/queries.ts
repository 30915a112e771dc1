import type { IndexQueryRpc, ShardQueryRpc } from '../../contracts/host-index.ts'
import type { IndexQueries } from '../../storage/index/query.ts'
import type { ShardPlace } from '../../storage/index/shard-place.ts'

/** What this object answers for itself, and what as one of several: nothing, where it has no part of the index that serves. */
export function queryParts(
  queries: IndexQueries,
  place: Pick<ShardPlace, 'assertActive'>,
): { query: IndexQueryRpc; shard: ShardQueryRpc } {
  const serving = (): IndexQueries => {
    place.assertActive()
    return queries
  }
  return {
    query: {
      page: (query) => serving().page(query),
      count: (selection, max) => serving().count(selection, max),
      group: (query, values, max) => serving().group(query, values, max),
      get: (collection, addresses) => serving().get(collection, addresses),
      search: (...query) => serving().search(...query),
    },
    shard: {
      page: (query, maxBytes) => serving().keyedPage(query, maxBytes),
      group: (...query) => serving().keyedGroup(...query),
      search: (...query) => serving().rankedSearch(...query),
    },
  }
}
