/** Starts workerd again when it has ended by itself: it ends, for one, when it has no file left to open. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningWorkerd, startWorkerd, type WorkerdOptions } from './workerd.ts'

/** The first pause before workerd is started again, and the longest, in ms; it doubles. */
const SHORTEST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** Once it has run for this long, in ms, the pause is the shortest again. */
const STABLE = 60_000
/** What workerd has to end the requests that are under way, in ms; it waits for them without end. */
const GRACE = 10_000

/**
 * Resolves when workerd has been stopped, with its exit code.
 *
 * @param stop passes its reason, a signal, on to workerd, which has some seconds to end
 * @throws WorkerdStartError when it cannot be started again
 */
export async function keepRunning(
  options: WorkerdOptions,
  first: RunningWorkerd,
  stop: AbortSignal,
): Promise<number> {
  let workerd = first
  const end = () => {
    workerd.process.kill(stop.reason as NodeJS.Signals)
    setTimeout(() => workerd.process.kill('SIGKILL'), GRACE).unref()
  }
  stop.addEventListener('abort', end)
  let pause = SHORTEST_PAUSE
  let restarts = 0
  while (true) {
    const startedAt = Date.now()
    const code = await workerd.exited
    if (stop.aborted) return code ?? 0
    if (Date.now() - startedAt > STABLE) pause = SHORTEST_PAUSE
    process.stderr.write(`workerd has ended (exit code ${code ?? 'none'}): starting it again\n`)
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined)
    if (stop.aborted) return code ?? 0
    pause = Math.min(pause * 2, LONGEST_PAUSE)
    restarts++
    workerd = await startWorkerd({ ...options, port: first.port, restarts })
    // Stopped while it started: what was told to end is the one before.
    if (stop.aborted) end()
  }
}
