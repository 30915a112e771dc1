/** The PLC directory of a run: in memory, shared by both servers. */
import { join } from 'node:path'
import type { Cleanup } from '../cleanup.ts'
import { REFERENCE_NODE_BINARY } from '../prepare.ts'
import { end, freePort, startNode } from './process.ts'

/** Starts the directory, which stays up for the whole run. @returns its URL */
export async function startPlc(cleanup: Cleanup): Promise<string> {
  const plc = await startNode(REFERENCE_NODE_BINARY, join(import.meta.dirname, 'plc-main.ts'), {
    PORT: String(await freePort()),
    LOG_ENABLED: 'false',
  })
  cleanup.add(() => end(plc.process))
  // A host name: the reference's client of the directory refuses IP addresses.
  return `http://localhost:${plc.port}`
}
