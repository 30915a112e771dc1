/** The reference: `@atproto/pds` on Node, with a PLC directory of its own. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Xrpc } from '../load/client.ts'
import { newAccount } from '../load/new-account.ts'
import { REFERENCE_NODE_BINARY } from '../prepare.ts'
import { end, freePort, startNode } from './process.ts'
import {
  type Account,
  ADMIN_PASSWORD,
  BLOB_LIMIT,
  type Host,
  JWT_SECRET,
  type Running,
} from './server.ts'

const program = (name: string) => join(import.meta.dirname, name)

export class Reference implements Host {
  readonly name = 'reference'
  readonly #env: Record<string, string>

  private constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** @param plcUrl of the PLC directory, with a host name: its client refuses IP addresses */
  static async create(dataDirectory: string, plcUrl: string): Promise<Reference> {
    mkdirSync(join(dataDirectory, 'blobs'), { recursive: true })
    return new Reference({
      NODE_ENV: 'production',
      LOG_ENABLED: 'false',
      PDS_PORT: String(await freePort()),
      PDS_HOSTNAME: 'localhost',
      PDS_SERVICE_HANDLE_DOMAINS: '.test',
      PDS_DATA_DIRECTORY: dataDirectory,
      PDS_BLOBSTORE_DISK_LOCATION: join(dataDirectory, 'blobs'),
      PDS_BLOBSTORE_DISK_TMP_LOCATION: join(dataDirectory, 'blobs-tmp'),
      PDS_BLOB_UPLOAD_LIMIT: BLOB_LIMIT,
      PDS_MAX_REPO_IMPORT_SIZE: '1000000000',
      PDS_DID_PLC_URL: plcUrl,
      PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
      PDS_JWT_SECRET: JWT_SECRET,
      PDS_DPOP_SECRET: '22'.repeat(32),
      PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
      PDS_INVITE_REQUIRED: 'false',
      PDS_RATE_LIMITS_ENABLED: 'false',
      PDS_DISABLE_SSRF_PROTECTION: 'true',
      PDS_DEV_MODE: 'true',
    })
  }

  async start(): Promise<Running> {
    const child = await startNode(REFERENCE_NODE_BINARY, program('reference-main.ts'), this.#env)
    const origin = `http://127.0.0.1:${child.port}`
    const pid = child.process.pid ?? 0
    return { name: 'reference', origin, pid, stop: () => end(child.process) }
  }

  async createAccount(running: Running, handle: string): Promise<Account> {
    const client = new Xrpc(running.origin, 1)
    try {
      const { body } = await client.call<{ did: string; accessJwt: string }>(
        newAccount('reference', handle, 'plc'),
      )
      return { did: body.did, handle, token: body.accessJwt }
    } finally {
      await client.close()
    }
  }
}
