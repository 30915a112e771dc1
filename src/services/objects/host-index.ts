/**
 * The host's index as one, however many objects share it. With one object, each question is one call, and what it answers is
 * the answer; with several, all are asked at once, and what they answer is put together here.
 */
import { XRPCError } from '@atproto/xrpc-server'
import type { RpcClient } from '../../contracts/answer.ts'
import type {
  HookRpc,
  HostIndexRpc,
  IndexQueryRpc,
  IndexReport,
  IndexTakedownRpc,
} from '../../contracts/host-index.ts'
import type { JobsRpc } from '../../contracts/jobs.ts'
import type { IndexLayouts } from '../../contracts/sequencer.ts'
import { FIRST_LAYOUT, type IndexLayout, shardOf } from '../../kernel/index-shards.ts'
import { INDEX_MOVED } from '../../storage/index/shard-place.ts'
import type { RowCounts } from '../../storage/sql.ts'
import type { IndexShardClient, ShardsOf, WithShards } from './index-clients.ts'
import { hookPart } from './index-hooks.ts'
import { type IndexSearchRpc, queryPart } from './index-queries.ts'
import { mergeReports } from './index-reports.ts'

/** What can be asked of the index as a whole. */
export type HostIndexClient = RpcClient<{
  takedowns: IndexTakedownRpc
  query: Omit<IndexQueryRpc, 'search'> & IndexSearchRpc
  hooks: HookRpc
  jobs: JobsRpc
  webhooks: HostIndexRpc['webhooks']
  operator: { report(): IndexReport }
  rowCounts: { take(): RowCounts }
}>

interface Parts {
  shard(layout: IndexLayout, shard: number): IndexShardClient
  layouts(): Promise<IndexLayouts>
}

/** Attempts; between two of them the layout may change once more. */
const ATTEMPTS = 3

/**
 * Whoever asks remembers the layout; an object that serves no more says so, and the layout is asked for. So as long as there is
 * one object, nobody ever asks.
 */
export function hostIndexClient({ shard, layouts }: Parts): HostIndexClient {
  let known = FIRST_LAYOUT
  const shardsOf: ShardsOf = (layout) => ({
    get all() {
      return Array.from({ length: layout.shards }, (_, at) => shard(layout, at))
    },
    placeOf: (did) => shardOf(did, layout.shards),
    of: (did) => shard(layout, shardOf(did, layout.shards)),
  })
  const withShards: WithShards = async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(shardsOf(known))
      } catch (error) {
        const isMoved = error instanceof XRPCError && error.error === INDEX_MOVED
        if (!isMoved || attempt === ATTEMPTS) throw error
        known = (await layouts()).serving
      }
    }
  }
  return {
    query: queryPart(withShards),
    hooks: hookPart(withShards),
    takedowns: {
      set: (did, ...takedown) => withShards(({ of }) => of(did).takedowns.set(did, ...takedown)),
    },
    operator: {
      async report() {
        const { next } = await layouts()
        const ask = (shards: ReturnType<ShardsOf>) =>
          Promise.all(shards.all.map(({ operator }) => operator.report()))
        const [reports, coming] = await Promise.all([
          withShards(ask),
          next && ask(shardsOf(next)).catch(() => []),
        ])
        return mergeReports(reports, next && { ...next, reports: coming ?? [] })
      },
    },
    rowCounts: {
      take: () =>
        withShards(async ({ all }) => {
          const counts = await Promise.all(all.map(({ rowCounts }) => rowCounts.take()))
          const sum = (what: keyof RowCounts) => counts.reduce((n, one) => n + one[what], 0)
          return { read: sum('read'), written: sum('written') }
        }),
    },
    // What is done in one place.
    get jobs() {
      return shard(FIRST_LAYOUT, 0).jobs
    },
    get webhooks() {
      return shard(FIRST_LAYOUT, 0).webhooks
    },
  }
}
