/** What the servers have in common: the interface, their settings, and how accounts are made. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/support/server.ts'
import type { Cleanup } from '../cleanup.ts'
import type { Call } from '../load/client.ts'
import { end, startNode } from './process.ts'

/** Cumulus of this checkout, or of another one; the reference; any other PDS; a Worker that does next to nothing. */
export type Kind = 'cumulus' | 'checkout' | 'reference' | 'foreign' | 'floor'

export interface Account {
  did: string
  handle: string
  token: string
}

/** A server that runs. */
export interface Running {
  server: Server
  origin: string
  /** The process that serves; undefined where nobody knows. */
  pid: number | undefined
  /** The process that has started it, and whatever else does the server's work; or the same. */
  root: number | undefined
  stop(): Promise<void>
}

/** A server with its data folder; it can be started again and again. */
export interface Server {
  kind: Kind
  /** In tables. */
  name: string
  /** How accounts are made; undefined: they are not. */
  signUp?: SignUp | undefined
  /** The one account of a server that makes none. */
  owner?: { handle: string; password: string } | undefined
  /** Resolves with the first answer. */
  start(): Promise<Running>
}

/** How a server makes accounts. */
export interface SignUp {
  /** `web`: the did:web of the handle, which the server serves itself. */
  did: readonly ('plc' | 'web')[]
  /** What handles end with, its dot included. */
  domain: string
  /** Header of whoever may make accounts. */
  authorization?: string
  inviteCode?: string
}

const ADMIN_PASSWORD = 'bench admin password'

/** Settings that have the same names on all servers. */
export const SHARED_SETTINGS = {
  PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
  PDS_JWT_SECRET: 'bench jwt secret, long enough',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
  // Larger than the largest blob that is uploaded.
  PDS_BLOB_UPLOAD_LIMIT: '64000000',
  PDS_RATE_LIMITS_ENABLED: 'false',
}

/** Waits for the first answer. @throws Error after a minute, or when `signal` is aborted */
export async function untilAnswering(origin: string, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + 60_000
  for (;;) {
    // One that takes connections and says nothing answers no more than one that is not there.
    const asked = AbortSignal.any([AbortSignal.timeout(5_000), ...(signal ? [signal] : [])])
    const url = `${origin}/xrpc/com.atproto.server.describeServer`
    const answer = await fetch(url, { signal: asked }).catch(() => null)
    if (answer?.ok) return void (await answer.arrayBuffer())
    await answer?.body?.cancel()
    signal?.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`${origin} does not answer`)
    await sleep(1)
  }
}

/** What the operator of a server sends. */
export const operator = (password = ADMIN_PASSWORD): string =>
  `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`

/** createAccount, with a DID from the PLC directory, or with the did:web of the handle. */
export function accountCall(signUp: SignUp, name: string, did: 'plc' | 'web'): Call {
  const { authorization, inviteCode, domain } = signUp
  const handle = `${name}${domain}`
  return {
    method: 'com.atproto.server.createAccount',
    authorization,
    input: {
      handle,
      email: `${name}@example.com`,
      password: 'bench password',
      ...(did === 'web' ? { did: `did:web:${handle}` } : {}),
      ...(inviteCode ? { inviteCode } : {}),
    },
  }
}

/**
 * Starts a PLC directory in memory, which all servers share.
 *
 * @param port where a server that runs already looks for it
 * @returns its URL
 */
export async function startPlc(cleanup: Cleanup, port?: number): Promise<string> {
  const plc = await startNode(process.execPath, join(import.meta.dirname, 'plc-main.ts'), {
    PORT: String(port ?? (await freePort())),
    LOG_ENABLED: 'false',
  })
  cleanup.add(() => end(plc.process))
  // A host name: the reference's client of the directory refuses IP addresses.
  return `http://localhost:${plc.port}`
}
