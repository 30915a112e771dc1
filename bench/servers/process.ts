/** A child process of the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'

/** A server ended, or said nothing, before it was up. */
export class ServerStartError extends Error {
  override name = 'ServerStartError'
}

export interface NodeChild {
  process: ChildProcess
  /** The port it said it listens on. */
  port: number
}

/**
 * Runs one of the benchmark's own programs with Node. It sends `{ port }` when it listens, and ends when
 * the channel to this process closes.
 *
 * @throws ServerStartError with what it printed
 */
export async function startNode(
  node: string,
  program: string,
  env: Record<string, string>,
): Promise<NodeChild> {
  const child = spawn(node, ['--no-warnings', program], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let printed = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-10_000)
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('exit', () => reject(new ServerStartError(`${program} ended:\n${printed}`)))
  })
  return { process: child, port }
}

/** Ends a process and waits until it has ended; after ten seconds without mercy. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new ServerStartError('no free port')
  return address.port
}
