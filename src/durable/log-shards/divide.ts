import { type LogLayout, numberOfPlace, placesOf } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { LogLayouts } from '../../storage/sequencer/log-layouts.ts'
import type { Job } from '../scheduler.ts'
import { inTime } from '../sequencer/in-time.ts'
import type { LogShard } from './shard.ts'

/** ms after which it is looked again whether objects are done, and after which others have their turn. */
const LOOK_AGAIN = 250
const TURN = 10_000

interface Parts {
  layouts: LogLayouts
  objects: Pick<HostObjects, 'logShard'>
  /** What the sequencer keeps itself. */
  own: Pick<LogShard, 'retire'>
  /** How many objects are to share the log. */
  wanted: number
  /** Number of the newest event. */
  head(): number
}

/**
 * Divides the log anew when the setting says so. The new layout serves at once: its objects fetch the accounts whose events
 * they get, and this hands over the others. Each step may be done twice.
 */
export function divideLog({ layouts, objects, own, wanted, head }: Parts): Job {
  /** @returns whether all accounts of a layout are where they belong now */
  const move = async (from: LogLayout): Promise<boolean> => {
    const to = layouts.serving
    const done = await Promise.all(
      placesOf({ generation: from.generation, shards: from.shards }).map((place) =>
        numberOfPlace(place) === 0 ? own.retire(to) : inTime(objects.logShard(place).retire(to)),
      ),
    )
    if (!done.every(Boolean)) return false
    layouts.finishMoving(head())
    return true
  }

  const isDone = () => layouts.serving.shards === wanted && layouts.in('moves') === undefined
  return {
    name: 'divide the log',
    maxBackoff: 30_000,
    due: () => (isDone() ? undefined : Date.now()),
    async run() {
      const until = Date.now() + TURN
      while (!isDone() && Date.now() < until) {
        const old = layouts.in('moves')
        if (!old) layouts.begin(wanted)
        else if (!(await move(old))) await scheduler.wait(LOOK_AGAIN)
      }
    },
  }
}
