/** A child process of the benchmark: starts it, ends it, and reads what it takes of the machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { CommandError } from '../../cli/terminal/errors.ts'

/**
 * Runs one of the benchmark's own programs with Node. It sends `{ port }` when it listens, and ends
 * when the channel to this process closes.
 *
 * @returns also the port that it listens on
 * @throws CommandError with what it printed
 */
export async function startNode(
  node: string,
  program: string,
  env: Record<string, string>,
): Promise<{ process: ChildProcess; port: number }> {
  const child = spawn(node, ['--no-warnings', program], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    onEarlyExit(child, program, reject)
  })
  return { process: child, port }
}

/** Calls back when the process ends, with the end of what it printed to stderr. */
export function onEarlyExit(child: ChildProcess, name: string, fail: (e: Error) => void): void {
  let printed = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-10_000)
  })
  child.once('exit', () => fail(new CommandError(`${name} ended:\n${printed}`)))
}

/** ms that a process has to end; Cumulus takes ten of them for requests that are under way. */
const GRACE = 20_000

/** Ends a process and waits until it has ended; after some time it is killed, with those that it has started. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => {
    for (const pid of tree(child.pid ?? 0)) process.kill(pid, 'SIGKILL')
  }, GRACE)
  await exited
  clearTimeout(timer)
}

/** The same with all that it has started, at once: for a shell, which does not pass signals on. */
export async function endTree(child: ChildProcess): Promise<void> {
  const [, ...others] = tree(child.pid ?? 0)
  for (const pid of others) process.kill(pid, 'SIGTERM')
  await end(child)
}

/** A process and all that it has started, and those have, parents first. */
export function tree(pid: number): number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).trim().split(' ')
  return [pid, ...children.filter((child) => child !== '').flatMap((child) => tree(Number(child)))]
}

/** The process of that name among those that `pid` has started, or itself. */
export const programOf = (pid: number, name: string): number | undefined =>
  tree(pid).find((one) => textOf(`/proc/${one}/comm`).trim() === name)

/** Empty where the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Makes the kernel forget the peak so far. */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Largest resident size since the start or since `resetPeakMemory`, in MB. */
export const peakMemory = (pid: number): number => megabytes(pid, 'VmHWM')

/** Resident size now, in MB. */
export const memory = (pid: number): number => megabytes(pid, 'VmRSS')

/** Of a process and all that it has started, in MB. What they share counts for each. */
export const treeMemory = (root: number): number =>
  tree(root).reduce((sum, pid) => sum + memory(pid), 0)

/** CPU time that a process and all that it has started have taken so far, in ms; it is counted in steps of 10. */
export const cpuTime = (root: number): number =>
  tree(root).reduce((sum, pid) => sum + readCpuTime(textOf(`/proc/${pid}/stat`)), 0)

/** @param stat of `/proc`, empty where the process has ended. @returns ms in user and in kernel mode */
export function readCpuTime(stat: string): number {
  // The second field is the name in brackets, which may have spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10
}

/** Seconds since a process began; in steps of a hundredth. */
export function age(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`)
  const began = Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19]) / 100
  return Number(textOf('/proc/uptime').split(' ')[0]) - began
}

function megabytes(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return (Number(kib) * 1024) / 1e6
}
