/**
 * A process that ends with the one that started it, however that ends. Node alone can see to it only where it ends itself: were
 * it killed, workerd would go on, and the next start would have a second one write into the same data folder.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Of util-linux, 2018 and later; BusyBox's does not know the option. The kernel sends the signal, on Linux. */
const SETPRIV = ['setpriv', '--pdeathsig', 'KILL']

/**
 * What to put before the words of a command so that it is killed when the thread that starts it ends; it has the same process id
 * as without. Nothing where the system has no such program: then it may outlive who started it.
 */
export async function endingWithUs(): Promise<readonly string[]> {
  const [program = '', ...options] = SETPRIV
  try {
    await promisify(execFile)(program, [...options, 'true'], { timeout: 2_000 })
    return SETPRIV
  } catch {
    return []
  }
}
