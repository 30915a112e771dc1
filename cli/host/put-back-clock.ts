/**
 * Ends workerd when the clock is put back: the timers of an object that lives go by the clock as it was when it was asked last, so all
 * of them would wait for that much longer, and writes with them (seen with workerd 1.2026; put back by an hour, an account did not
 * take its second write). A new process has a new time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningWorkerd } from './workerd.ts'

/** How far the clock may be put back, in ms, since it was furthest ahead of late: for so long timers wait in vain. */
const TOLERATED = 1_000

/** How often it is looked at, in ms. */
const EVERY = 1_000

/** ms after which it is forgotten that the clock was put back by as much as is tolerated: no timer is that old. */
const FORGOTTEN_AFTER = 60 * 60 * 1000

/** How far the clock was ahead of late, at most. @param before the same at the last look, `elapsed` ms ago. @param now how far it is */
export const furthestAhead = (before: number, now: number, elapsed: number): number =>
  Math.max(now, before - (TOLERATED * elapsed) / FORGOTTEN_AFTER)

/**
 * Looks at the clock until `signal` is aborted.
 *
 * @param ahead how far the clock is ahead of one that cannot be set, in ms
 * @returns whether it has ended workerd
 */
export async function endIfClockIsPutBack(
  { process: workerd }: { process: Pick<RunningWorkerd['process'], 'kill'> },
  signal: AbortSignal,
  ahead = () => Date.now() - performance.now(),
  every = EVERY,
): Promise<boolean> {
  let furthest = ahead()
  for (;;) {
    await sleep(every, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return false
    const now = ahead()
    furthest = furthestAhead(furthest, now, every)
    const behind = furthest - now
    if (behind <= TOLERATED) continue
    const seconds = Math.round(behind / 1000)
    process.stderr.write(
      `the clock was put back by ${seconds} s: ending workerd, whose timers would wait for it\n`,
    )
    workerd.kill('SIGKILL')
    return true
  }
}
