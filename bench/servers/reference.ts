/** The reference: `@atproto/pds` on Node. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/server.ts'
import { REFERENCE_NODE_BINARY } from '../prepare.ts'
import { end, startNode } from './process.ts'
import { type Running, type Server, SHARED_SETTINGS, untilAnswering } from './server.ts'

const MAIN = join(import.meta.dirname, 'reference-main.ts')

/**
 * @param plcUrl of the PLC directory, with a host name: its client refuses IP addresses
 * @param more settings beyond those of every run
 */
export function reference(dataDirectory: string, plcUrl: string, more: object = {}): Server {
  const blobs = join(dataDirectory, 'blobs')
  mkdirSync(blobs, { recursive: true })
  const settings = {
    ...SHARED_SETTINGS,
    NODE_ENV: 'production',
    LOG_ENABLED: 'false',
    PDS_HOSTNAME: 'localhost',
    PDS_SERVICE_HANDLE_DOMAINS: '.test',
    PDS_DATA_DIRECTORY: dataDirectory,
    PDS_BLOBSTORE_DISK_LOCATION: blobs,
    PDS_BLOBSTORE_DISK_TMP_LOCATION: `${blobs}-tmp`,
    PDS_MAX_REPO_IMPORT_SIZE: '1000000000',
    PDS_DID_PLC_URL: plcUrl,
    PDS_DPOP_SECRET: '22'.repeat(32),
    PDS_INVITE_REQUIRED: 'false',
    PDS_DISABLE_SSRF_PROTECTION: 'true',
    PDS_DEV_MODE: 'true',
    ...more,
  }
  async function start(): Promise<Running> {
    const env = { ...settings, PDS_PORT: String(await freePort()) }
    const { process: child, port } = await startNode(REFERENCE_NODE_BINARY, MAIN, env)
    const origin = `http://127.0.0.1:${port}`
    await untilAnswering(origin)
    return { server, origin, pid: child.pid, root: child.pid, stop: () => end(child) }
  }
  // It asks nobody for an invitation here, and makes no did:web.
  const signUp = { did: ['plc'], domain: '.test' } as const
  const server: Server = { kind: 'reference', name: 'reference', signUp, start }
  return server
}
