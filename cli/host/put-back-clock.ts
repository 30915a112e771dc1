/**
 * Ends workerd when the clock is put back: the timers of an object that lives go by the clock as it was when it was asked last, so all
 * of them would wait for that much longer, and writes with them (seen with workerd 1.2026; put back by an hour, an account did not
 * take its second write). A new process has a new time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningWorkerd } from './workerd.ts'

/** How far the clock may be put back, in ms, since it was furthest ahead: for so long timers wait in vain. */
const TOLERATED = 1_000

/** How often it is looked at, in ms. */
const EVERY = 1_000

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
    const behind = furthest - ahead()
    furthest -= Math.min(behind, 0)
    if (behind <= TOLERATED) continue
    const seconds = Math.round(behind / 1000)
    process.stderr.write(
      `the clock was put back by ${seconds} s: ending workerd, whose timers would wait for it\n`,
    )
    workerd.kill('SIGKILL')
    return true
  }
}
