/** The reference PDS, `@atproto/pds`, for long tests: the benchmark's installation of it. */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { prepare, REFERENCE_NODE_BINARY } from '../../bench/prepare.ts'
import { end, startNode } from '../../bench/servers/process.ts'
import { freePort } from './server.ts'

export interface TestReference {
  origin: string
  /** The token that would have been mailed to an account. */
  mailedToken(did: string): string
  stop(): Promise<void>
}

const MAIN = join(import.meta.dirname, '../../bench/servers/reference-main.ts')

/** Installs and compiles it first, where that was not done; minutes then. */
export async function startReference(plcUrl: string): Promise<TestReference> {
  prepare()
  const data = mkdtempSync(join(tmpdir(), 'reference-'))
  mkdirSync(join(data, 'blobs'), { recursive: true })
  const port = await freePort()
  const { process: child }: { process: ChildProcess } = await startNode(
    REFERENCE_NODE_BINARY,
    MAIN,
    {
      NODE_ENV: 'production',
      LOG_ENABLED: 'false',
      PDS_PORT: String(port),
      PDS_HOSTNAME: 'localhost',
      PDS_SERVICE_DID: 'did:web:reference.test',
      PDS_SERVICE_HANDLE_DOMAINS: '.reference.test',
      PDS_DATA_DIRECTORY: data,
      PDS_BLOBSTORE_DISK_LOCATION: join(data, 'blobs'),
      PDS_BLOBSTORE_DISK_TMP_LOCATION: join(data, 'blobs-tmp'),
      PDS_DID_PLC_URL: plcUrl,
      PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '22'.repeat(32),
      PDS_JWT_SECRET: 'test jwt secret, long enough',
      PDS_DPOP_SECRET: '33'.repeat(32),
      PDS_ADMIN_PASSWORD: 'test admin password',
      // Preferences are served with an AppView only.
      PDS_BSKY_APP_VIEW_URL: 'http://localhost:1',
      PDS_BSKY_APP_VIEW_DID: 'did:web:appview.test',
      PDS_INVITE_REQUIRED: 'false',
      PDS_RATE_LIMITS_ENABLED: 'false',
      PDS_DISABLE_SSRF_PROTECTION: 'true',
      PDS_DEV_MODE: 'true',
    },
  )
  return {
    origin: `http://localhost:${port}`,
    mailedToken(did) {
      const database = new DatabaseSync(join(data, 'account.sqlite'), { readOnly: true })
      const row = database.prepare('SELECT token FROM email_token WHERE did = ?').get(did)
      database.close()
      return String(row?.token)
    },
    stop: () => end(child),
  }
}
