/** Ends workerd when it does not answer any more: everything on a host runs on one thread, and code may loop without end. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningWorkerd } from './workerd.ts'

/** ms between two looks, and how many in a row are in vain before it is ended. */
const EVERY = 10_000
const LOOKS = 6

/**
 * Looks at workerd until `signal` is aborted, and ends it at once when it has not answered for a minute. A machine that slept
 * is no reason: it takes several looks, each of which has its time.
 */
export async function endIfStuck(
  {
    control,
    process: workerd,
  }: Pick<RunningWorkerd, 'control'> & {
    process: Pick<RunningWorkerd['process'], 'kill'>
  },
  signal: AbortSignal,
  { every = EVERY, looks = LOOKS } = {},
): Promise<void> {
  for (let misses = 0; ; ) {
    await sleep(every, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    misses = (await answers(control, every)) ? 0 : misses + 1
    if (signal.aborted) return
    if (misses < looks) continue
    process.stderr.write('workerd does not answer any more: ending it\n')
    workerd.kill('SIGKILL')
    return
  }
}

/** Whether the Worker answers on its socket, whatever it says. @param timeout ms */
function answers(socketPath: string, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/', timeout }, (response) => {
      response.resume()
      resolve(true)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.once('close', () => resolve(false))
    asked.end()
  })
}
