/** What the servers have in common: the interface, their settings, and how accounts are made. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cleanup.ts'
import type { Call } from '../load/client.ts'
import { end, freePort, startNode } from './process.ts'

/** Cumulus of this checkout, and what it is compared with: the reference, or another checkout. */
type ServerName = 'cumulus' | 'reference' | 'other'

export interface Account {
  did: string
  handle: string
  token: string
}

/** A server that runs. */
export interface Running {
  name: ServerName
  origin: string
  pid: number
  stop(): Promise<void>
}

/** A server with its data folder; it can be started again and again. */
export interface Server {
  name: ServerName
  /** Resolves with the first answer. */
  start(): Promise<Running>
}

const ADMIN_PASSWORD = 'bench admin password'

/** Settings that have the same names on all servers. */
export const SHARED_SETTINGS = {
  PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
  PDS_JWT_SECRET: 'bench jwt secret, long enough',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
  // Larger than the largest blob that is uploaded.
  PDS_BLOB_UPLOAD_LIMIT: '64000000',
}

/** Waits for the first answer. @throws Error after a minute, or when `signal` is aborted */
export async function untilAnswering(origin: string, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const answer = await fetch(`${origin}/xrpc/com.atproto.server.describeServer`).catch(() => null)
    if (answer?.ok) return void (await answer.arrayBuffer())
    signal?.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`${origin} does not answer`)
    await sleep(1)
  }
}

/**
 * createAccount, with a DID from the PLC directory, or the did:web of the handle, which Cumulus
 * serves. Cumulus is asked by its operator, who needs no invitation; the reference asks nobody for
 * one here.
 */
export function accountCall(server: ServerName, handle: string, did: 'plc' | 'web'): Call {
  const credentials = Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')
  return {
    method: 'com.atproto.server.createAccount',
    authorization: server === 'reference' ? undefined : `Basic ${credentials}`,
    input: {
      handle,
      email: `${handle.split('.')[0]}@example.com`,
      password: 'bench password',
      ...(did === 'web' ? { did: `did:web:${handle}` } : {}),
    },
  }
}

/** Starts a PLC directory in memory, which all servers share. @returns its URL */
export async function startPlc(cleanup: Cleanup): Promise<string> {
  const plc = await startNode(process.execPath, join(import.meta.dirname, 'plc-main.ts'), {
    PORT: String(await freePort()),
    LOG_ENABLED: 'false',
  })
  cleanup.add(() => end(plc.process))
  // A host name: the reference's client of the directory refuses IP addresses.
  return `http://localhost:${plc.port}`
}
