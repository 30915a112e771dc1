import type { HostObjects } from '../../services/objects/stubs.ts'
import type { IndexLayouts, StoredLayout } from '../../storage/sequencer/index-layouts.ts'
import type { Job } from '../scheduler.ts'
import type { IndexFeed } from './index-feed.ts'

/** ms after which it is looked again whether objects are ready, and after which others have their turn. */
const LOOK_AGAIN = 250
const TURN = 10_000

/** Attempts of a step: an object that has just ended is there again at once. */
const ATTEMPTS = 4

interface Parts {
  layouts: IndexLayouts
  feed: IndexFeed
  objects: Pick<HostObjects, 'indexShard'>
  /** How many objects are to share the index. */
  wanted: number
}

/**
 * Divides the index anew when the setting says so: another layout is filled while the one that serves goes on; then it serves,
 * gets from the other what waits for hooks, and the other is deleted. Each step is stored before the next, and may be done
 * twice.
 */
export function changeLayout({ layouts, feed, objects, wanted }: Parts): Job {
  const clients = (layout: StoredLayout) =>
    Array.from({ length: layout.shards }, (_, shard) => objects.indexShard(layout, shard))
  const tell = (layout: StoredLayout, change: { next?: null; holdsHooks?: false } = {}) =>
    Promise.all(
      clients(layout).map(async (client, shard) => {
        const order = feed.orderOf(layout, shard)
        if (order) await client.feed.order({ ...order, ...change })
      }),
    )

  const drain = async (old: StoredLayout): Promise<boolean> => {
    const { serving } = layouts
    const { generation, shards, since } = serving
    const to = { generation, shards }
    // From here on it answers nobody, and tells no hook; it goes on reading up to where the other began.
    const ask = () => Promise.all(clients(old).map((one) => one.feed.retire(to, since ?? 0)))
    if (!(await ask()).every(Boolean)) {
      await feed.flush(old)
      return false
    }
    await tell(serving, { holdsHooks: false })
    await feed.end(old)
    layouts.giveUp(old)
    return true
  }

  const fill = async (coming: StoredLayout): Promise<boolean> => {
    if (coming.shards !== wanted) {
      await tell(layouts.serving, { next: null })
      await feed.end(coming)
      layouts.giveUp(coming)
      return true
    }
    await feed.flush(coming)
    const filled = await Promise.all(clients(coming).map((one) => one.feed.isFilled()))
    return filled.every(Boolean) && feed.switch()
  }

  const begin = async (serving: StoredLayout): Promise<boolean> => {
    const next = layouts.planned(wanted)
    // Takedowns go to both from before the first record is read for the other.
    await Promise.all(
      clients(serving).map(async (client, shard) => {
        const order = feed.orderOf(serving, shard)
        if (order) await client.feed.order({ ...order, next })
      }),
    )
    layouts.add(next)
    return true
  }

  const clear = async (gone: StoredLayout): Promise<boolean> => {
    await Promise.all(clients(gone).map((one) => one.feed.clear()))
    layouts.remove(gone)
    return true
  }

  /** @returns whether there may be more to do at once */
  const step = async (): Promise<boolean> => {
    const [gone, old, coming] = [layouts.in('clears'), layouts.in('drains'), layouts.in('fills')]
    if (gone) return clear(gone)
    if (old) return drain(old)
    if (coming) return fill(coming)
    return layouts.serving.shards !== wanted && begin(layouts.serving)
  }

  /** The next step; what lasts longer is the scheduler's. */
  const tryStep = async (): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await step()
      } catch (error) {
        if (attempt === ATTEMPTS) throw error
        await scheduler.wait(LOOK_AGAIN)
      }
    }
  }

  const isDone = () => layouts.all().length === 1 && layouts.serving.shards === wanted
  return {
    name: 'divide the index',
    maxBackoff: 30_000,
    due: () => (!feed.isOn || isDone() ? undefined : Date.now()),
    async run() {
      const until = Date.now() + TURN
      while (feed.isOn && !isDone() && Date.now() < until) {
        if (!(await tryStep())) await scheduler.wait(LOOK_AGAIN)
      }
    },
  }
}
