/** The objects that share the index, as they are called. */
import type { RpcClient } from '../../contracts/answer.ts'
import type { HostIndexRpc } from '../../contracts/host-index.ts'
import type { IndexLayout } from '../../kernel/index-shards.ts'

/** One object of the index. */
export type IndexShardClient = RpcClient<HostIndexRpc>

/** All objects of the layout that serves, or the one with an account. */
export type ShardsOf = (layout: IndexLayout) => {
  all: readonly IndexShardClient[]
  /** The place in `all` of the one with an account. */
  placeOf(did: string): number
  of(did: string): IndexShardClient
}

/** Asks the objects of the layout that serves. */
export type WithShards = <T>(work: (shards: ReturnType<ShardsOf>) => Promise<T>) => Promise<T>
