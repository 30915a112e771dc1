/** The Worker's own entrance for this process: a Unix socket that workerd listens on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** ms; consumers of the firehose have less (`src/durable/sequencer.ts`). */
const TIMEOUT = 6_000

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
export function drain(socketPath: string): Promise<void> {
  return new Promise((resolve) => {
    const settings = { socketPath, method: 'POST', path: '/drain', timeout: TIMEOUT }
    const asked = request(settings, (response) => response.resume().once('close', resolve))
    asked.once('timeout', () => asked.destroy())
    // It ends without having been told, then.
    asked.once('error', () => resolve())
    asked.once('close', () => resolve())
    asked.end()
  })
}
