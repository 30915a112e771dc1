/** Ends workerd when it does not answer any more: everything on a host runs on one thread, and code may loop without end. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningWorkerd } from './workerd.ts'

/** How many looks in a row are in vain before it is ended. */
const LOOKS = 6

/**
 * Looks at workerd until `signal` is aborted, and ends it at once when it has not answered for `limit` ms. A machine that slept
 * is no reason: it takes several looks, each of which has its time.
 *
 * @returns whether it has ended it
 */
export async function endIfStuck(
  {
    control,
    process: workerd,
  }: Pick<RunningWorkerd, 'control'> & {
    process: Pick<RunningWorkerd['process'], 'kill'>
  },
  signal: AbortSignal,
  limit: number,
): Promise<boolean> {
  const every = limit / LOOKS
  for (let misses = 0; ; ) {
    await sleep(every, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return false
    misses = (await answers(control, every)) ? 0 : misses + 1
    if (signal.aborted) return false
    if (misses < LOOKS) continue
    process.stderr.write('workerd does not answer any more: ending it\n')
    workerd.kill('SIGKILL')
    return true
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
