import { shardOf } from '../../kernel/index-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { HookHandover } from '../../storage/index/handover.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
import type { ShardPlace } from '../../storage/index/shard-place.ts'
import type { Job } from '../scheduler.ts'
import type { HookRunner } from './hook-runner.ts'

interface Parts {
  place: ShardPlace
  hooks: Pick<HookRunner, 'settled'>
  objects: Pick<HostObjects, 'indexShard'>
}

/**
 * Gives what waits for hooks, and what was given up, to the layout that serves: once the last event is read that is told of by
 * this one, and when no hook is under way any more. Each part is sent until it is taken.
 */
export function handOver(index: HostIndex, { place, hooks, objects }: Parts): Job {
  const ready = () => {
    const { retirement } = place
    if (!retirement || retirement.isDone) return undefined
    return (index.position() ?? -1) >= retirement.upTo ? retirement : undefined
  }
  return {
    name: 'hand over hooks',
    maxBackoff: 30_000,
    due: () => (ready() ? Date.now() : undefined),
    async run() {
      await hooks.settled()
      const retirement = ready()
      const { order } = place
      if (!retirement || !order) return
      const { to } = retirement
      const about = { from: order.shard, of: order.layout.shards }
      for (let part = index.giver.next(); part; part = index.giver.next()) {
        const { taken, ...some } = part
        await Promise.all(
          divide({ ...about, ...some }, to.shards).map(([shard, handover]) =>
            objects.indexShard(to, shard).handover.take(handover),
          ),
        )
        taken()
      }
      place.noteDone()
    },
  }
}

/** What each of some objects gets of it; counts are kept by the first. */
function divide(
  { from, of, tasks, letters, behind, counts }: HookHandover,
  shards: number,
): [shard: number, HookHandover][] {
  return Array.from({ length: shards }, (_, shard): [number, HookHandover] => {
    const isOf = ({ did }: { did: string }) => shardOf(did, shards) === shard
    const own = { tasks: tasks.filter(isOf), letters: letters.filter(isOf) }
    const rest = { behind: behind.filter(isOf), counts: shard === 0 ? counts : [] }
    return [shard, { from, of, ...own, ...rest }]
  }).filter(([, part]) =>
    [part.tasks, part.letters, part.behind, part.counts].some(({ length }) => length > 0),
  )
}
