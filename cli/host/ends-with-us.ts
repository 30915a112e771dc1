/**
 * A process that ends with the one that started it, however that ends. Node alone can see to it only where it ends itself: were
 * it killed, workerd would go on, and the next start would have a second one write into the same data folder.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

/** Of util-linux, 2018 and later; BusyBox's does not know the option. The kernel sends the signal, on Linux. */
const SETPRIV = ['setpriv', '--pdeathsig', 'KILL']

/**
 * What to put before the words of a command so that it is killed when the thread that starts it ends; it has the same process id
 * as without. Nothing where the system has no such program: there, `killWhenWeEnd` is for the process.
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

/**
 * Its input ends when this process does, whatever the reason: nothing else holds the other end of that pipe. What is sent to all
 * processes of a session, or of a service that is stopped, does not end it before.
 */
const WATCH = 'trap "" HUP INT TERM; while read -r _; do :; done; kill -KILL "$1"'

/** The same for one that was started already, by a shell beside it. For systems without `setpriv`: macOS, BusyBox. */
export function killWhenWeEnd(child: ChildProcess): void {
  if (child.pid === undefined) return
  const watch = spawn('sh', ['-c', WATCH, 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A terminal's Ctrl-C would end it before this process.
    detached: true,
  })
  // No shell: nobody watches.
  watch.on('error', () => undefined)
  watch.unref()
  // Its id may be another's then.
  child.once('exit', () => watch.kill('SIGKILL'))
}
