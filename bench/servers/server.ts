/** What the two servers have in common. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cleanup.ts'

export type ServerName = 'cumulus' | 'reference'

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
export interface Host {
  name: ServerName
  /** Resolves when the server accepts connections. */
  start(): Promise<Running>
  createAccount(running: Running, handle: string): Promise<Account>
}

/** A password of all accounts of a run. */
export const PASSWORD = 'bench password'

/** The operator's password on both servers. */
export const ADMIN_PASSWORD = 'bench admin password'

/** What session tokens are signed with on both servers. */
export const JWT_SECRET = 'bench jwt secret, long enough'

/** Larger than the largest blob that is uploaded. */
export const BLOB_LIMIT = '64000000'

/** Starts a host, to be stopped at the end of the run at the latest, and waits for its first answer. */
export async function start(host: Host, cleanup: Cleanup): Promise<Running> {
  const running = await host.start()
  cleanup.add(() => running.stop())
  await untilAnswering(running.origin)
  return running
}

/** Waits for an answer. @throws Error after a minute */
export async function untilAnswering(origin: string): Promise<void> {
  const end = performance.now() + 60_000
  for (;;) {
    const answer = await fetch(`${origin}/xrpc/com.atproto.server.describeServer`).catch(() => null)
    if (answer?.ok) return void (await answer.arrayBuffer())
    if (performance.now() > end) throw new Error(`${origin} does not answer`)
    await sleep(1)
  }
}
