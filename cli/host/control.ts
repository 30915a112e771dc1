/** The Worker's own entrance for this process: a Unix socket that workerd listens on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** ms; consumers of the firehose have less (`src/durable/sequencer.ts`). */
const TIMEOUT = 6_000
/** ms after it listens that a host has done what it does at its start, and answered whoever waited for that. */
const COLLECT_DELAY = 1_000

export interface ControlSocket {
  path: string
  remove(): void
}

/** A place for the socket, in a folder that nobody else may enter. */
export function makeControlSocket(): ControlSocket {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-control-'))
  return {
    path: join(folder, 'socket'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Tells the Worker that it is about to end. Resolves when consumers of the firehose are gone, or it takes too long. */
export const drain = (socketPath: string): Promise<void> => tell(socketPath, '/drain')

/**
 * Has V8 collect what the start has left, 4 MB of it, once that is over: V8 by itself would not before there is as much again.
 *
 * @param after ms from now
 */
export async function collectAfterStart(
  socketPath: string,
  signal: AbortSignal,
  after = COLLECT_DELAY,
): Promise<void> {
  await sleep(after, undefined, { signal }).catch(() => undefined)
  if (!signal.aborted) await tell(socketPath, '/collect')
}

/** Resolves when the Worker has answered, or cannot. */
function tell(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve) => {
    const settings = { socketPath, method: 'POST', path, timeout: TIMEOUT }
    const asked = request(settings, (response) => response.resume().once('close', resolve))
    asked.once('timeout', () => asked.destroy())
    // It goes on without having been told, then.
    asked.once('error', () => resolve())
    asked.once('close', () => resolve())
    asked.end()
  })
}
