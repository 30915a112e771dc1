import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { HostIndex, Wanted } from '../../storage/index/host-index.ts'
import type { Job } from '../scheduler.ts'

/** Pages of the log that are read before others have room looked for. */
const PAGES = 20

/** ms from one part of the log to the next: what little room each write makes that was told is not filled one by one. */
const PAUSE = 1_000

/** Writes left the log while they waited there for a hook that has too much to do. */
class LostWritesError extends Error {
  override name = 'LostWritesError'
}

interface Parts {
  objects: Pick<HostObjects, 'sequencer'>
  wanted: Wanted
  /** Whether this object hands over what it has, and adds nothing to it. */
  isRetired(): boolean
  log(): Logger
  /** There is more for hooks to be told of. */
  added(): void
}

/** Reads from the log what there was no room for among the writes that wait for hooks. */
export function catchUpHooks(
  index: HostIndex,
  { objects, wanted, isRetired, log, added }: Parts,
): Job {
  const { tasks } = index
  const readPart = async (from: number): Promise<void> => {
    const part = { from, full: new Set<string>() }
    let after = from
    for (let page = 0; page < PAGES; page++) {
      const { events, upTo, prunedTo } = await objects.sequencer.readLog(after)
      if (isRetired()) return
      if (prunedTo > after) {
        const lost = new LostWritesError(`of ${tasks.noteLost(prunedTo)} accounts`)
        log().error('writes left the log before a hook was told of them', lost)
        return
      }
      const goesOn = index.catchUp(part, events, upTo, wanted, Date.now())
      added()
      after = upTo
      if (!goesOn) return
    }
    index.transaction(() => tasks.finishCatchUp(part, after))
  }
  return {
    name: 'catch up hooks',
    maxBackoff: 60_000,
    due: () => (isRetired() || tasks.backlog.start() === undefined ? undefined : Date.now()),
    async run() {
      for (
        let from = tasks.backlog.start();
        from !== undefined && !isRetired();
        from = tasks.backlog.start()
      ) {
        await readPart(from)
        await scheduler.wait(PAUSE)
      }
    },
  }
}
