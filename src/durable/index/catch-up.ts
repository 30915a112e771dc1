import type { LogPage } from '../../contracts/sequencer.ts'
import type { Logger } from '../../kernel/log.ts'
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
  readLog(after: number): Promise<LogPage>
  wanted: Wanted
  /** Whether this object hands over what it has, and adds nothing to it. */
  isRetired(): boolean
  log(): Logger
  /** There is more for hooks to be told of. */
  added(): void
}

/** Reads from the log what there was no room for among the writes that wait for hooks. */
export function catchUpHooks(index: HostIndex, parts: Parts): Job {
  const { backlog } = index.tasks
  const { isRetired } = parts
  return {
    name: 'catch up hooks',
    maxBackoff: 60_000,
    due: () => (isRetired() || backlog.start() === undefined ? undefined : Date.now()),
    async run() {
      for (let from = backlog.start(); from !== undefined && !isRetired(); from = backlog.start()) {
        await readPart(index, from, parts)
        await scheduler.wait(PAUSE)
      }
    },
  }
}

/** Reads a part of the log, for all accounts for whose writes there is room. @param from number of the event behind which it begins */
export async function readPart(
  index: HostIndex,
  from: number,
  { readLog, wanted, isRetired, log, added }: Parts,
): Promise<void> {
  const { tasks } = index
  const part = { from, full: new Set<string>() }
  let after = from
  for (let page = 0; page < PAGES; page++) {
    const { events, upTo, prunedTo } = await readLog(after)
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
