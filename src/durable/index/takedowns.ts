import type { IndexTakedownRpc } from '../../contracts/host-index.ts'
import { shardOf } from '../../kernel/index-shards.ts'
import { unlessRefused } from '../../services/objects/result.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
import type { ShardPlace } from '../../storage/index/shard-place.ts'

/** Hides records that were taken down, also in the layout that is being filled. */
export class IndexTakedowns implements IndexTakedownRpc {
  readonly #index: HostIndex
  readonly #place: ShardPlace
  readonly #objects: Pick<HostObjects, 'indexShard'>

  constructor(index: HostIndex, place: ShardPlace, objects: Pick<HostObjects, 'indexShard'>) {
    this.#index = index
    this.#place = place
    this.#objects = objects
  }

  async set(did: string, path: string, rev: string | null): Promise<void> {
    this.#place.assertActive()
    this.#index.setTakedown(did, path, rev)
    const next = this.#place.order?.next
    if (!next) return
    // One that refuses has not begun to be filled: it will read what the repository says.
    const shard = this.#objects.indexShard(next, shardOf(did, next.shards))
    await unlessRefused(shard.takedowns.set(did, path, rev))
  }
}
