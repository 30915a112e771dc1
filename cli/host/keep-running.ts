/** Starts workerd again when it has ended by itself: it ends, for one, when it has no file left to open. */
import { setTimeout as sleep } from 'node:timers/promises'
import { collectAfterStart, drain } from './control.ts'
import { endIfClockIsPutBack } from './put-back-clock.ts'
import { endIfStuck } from './watchdog.ts'
import { type RunningWorkerd, startWorkerd, type WorkerdOptions } from './workerd.ts'

/** The first pause before workerd is started again, and the longest, in ms; it doubles. */
const SHORTEST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** Once it has run for this long, in ms, the pause is the shortest again. */
const STABLE = 60_000
/**
 * What workerd has to end the requests that are under way, in ms, once consumers of the firehose were told to come again; it
 * waits for them without end.
 */
const GRACE = 10_000

/**
 * Resolves when workerd has been stopped, with its exit code.
 *
 * @param options.stuckLimit ms that it may not answer before it is ended
 * @param stop has workerd end: requests that are under way are answered, for some seconds
 * @param now ends it at once
 * @throws WorkerdStartError when it cannot be started again
 */
export async function keepRunning(
  { stuckLimit, ...options }: WorkerdOptions & { stuckLimit: number },
  first: RunningWorkerd,
  stop: AbortSignal,
  now: AbortSignal,
): Promise<number> {
  let workerd = first
  const end = async () => {
    const { process: ending, control } = workerd
    await drain(control)
    // It takes no new connections, and ends when those that are there have their answers.
    ending.kill('SIGTERM')
    setTimeout(() => ending.kill('SIGKILL'), GRACE).unref()
  }
  stop.addEventListener('abort', end)
  now.addEventListener('abort', () => workerd.process.kill('SIGKILL'))
  let pause = SHORTEST_PAUSE
  let restarts = 0
  while (true) {
    const startedAt = performance.now()
    const watching = new AbortController()
    let stuckAt: number | undefined
    void endIfStuck(workerd, watching.signal, stuckLimit).then((wasStuck) => {
      if (wasStuck) stuckAt = Date.now()
    })
    void endIfClockIsPutBack(workerd, watching.signal)
    void collectAfterStart(workerd.control, watching.signal)
    const code = await workerd.exited
    watching.abort()
    if (stop.aborted) return code ?? 0
    if (performance.now() - startedAt > STABLE) pause = SHORTEST_PAUSE
    process.stderr.write(`workerd has ended (exit code ${code ?? 'none'}): starting it again\n`)
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined)
    if (stop.aborted) return code ?? 0
    pause = Math.min(pause * 2, LONGEST_PAUSE)
    restarts++
    workerd = await startWorkerd({ ...options, port: first.port, restarts, stuckAt })
    // Stopped while it started: what was told to end is the one before.
    if (stop.aborted) void end()
  }
}
