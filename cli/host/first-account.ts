/** The account that a fresh host on this machine starts with. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { reasonOf } from '../terminal/reason.ts'
import { writeFileSafely } from './safe-file.ts'

export interface FirstAccount {
  did: string
  handle: string
  /** Given only when it was made up. */
  password: string | undefined
}

/** Keeps a password that is made up before there is an account with it. @returns the one to take */
export type KeepPassword = (password: string) => string

/**
 * Keeps it in a file. Where one is there, from a start that was ended, that may be the account's already: it is taken
 * again.
 */
export const keepIn =
  (path: string): KeepPassword =>
  (password) => {
    const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
    if (kept) return kept
    writeFileSafely(path, `${password}\n`)
    return password
  }

/** The first account could not be made; the message is the server's. */
export class FirstAccountError extends Error {
  override name = 'FirstAccountError'
  /** The XRPC error name. */
  readonly reason: string | undefined
  constructor(message: string, reason?: string) {
    super(message)
    this.reason = reason
  }
}

/** Whether a host can be reached from this machine only, so that nothing it does is seen by anybody else. */
export const isLocal = ({ PDS_HOSTNAME }: RawSettings): boolean =>
  isLoopback(PDS_HOSTNAME ?? 'localhost')

/**
 * Makes an account when the host has none: on this machine, or where one is asked for (PDS_FIRST_HANDLE). A public host
 * would announce it to the network.
 *
 * @returns what was made; `none` when there is no account, `exists` when there was one already
 * @throws FirstAccountError
 */
export async function ensureFirstAccount(
  origin: string,
  raw: RawSettings,
  keep: KeepPassword = (password) => password,
): Promise<FirstAccount | 'none' | 'exists'> {
  const existing = await call<{ repos: unknown[] }>(origin, 'com.atproto.sync.listRepos?limit=1')
  if (existing.repos.length > 0) return 'exists'
  if (!raw.PDS_FIRST_HANDLE && !isLocal(raw)) return 'none'
  const handle = raw.PDS_FIRST_HANDLE?.toLowerCase() ?? `alice${await firstDomain(origin)}`
  const password = raw.PDS_FIRST_PASSWORD ?? keep(randomBytes(12).toString('base64url'))
  const credentials = Buffer.from(`admin:${raw.PDS_ADMIN_PASSWORD}`).toString('base64')
  const did = raw.PDS_FIRST_DID_METHOD === 'web' ? `did:web:${handle}` : undefined
  try {
    const made = await call<{ did: string }>(origin, 'com.atproto.server.createAccount', {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      body: JSON.stringify({ handle, did, password }),
    })
    return { did: made.did, handle, password: raw.PDS_FIRST_PASSWORD ? undefined : password }
  } catch (error) {
    // It is there already, and only not listed yet: the host was ended right after making it.
    if (!(error instanceof FirstAccountError)) throw error
    if (error.reason === 'HandleNotAvailable') return 'exists'
    throw new FirstAccountError(
      `The first account, ${handle}, cannot be made: ${error.message}. With PDS_FIRST_DID_METHOD=web it needs no PLC ` +
        'directory; PDS_FIRST_HANDLE chooses another handle.',
    )
  }
}

/** The domain under which handles are given out, with its dot. */
async function firstDomain(origin: string): Promise<string> {
  const { availableUserDomains } = await call<{ availableUserDomains: string[] }>(
    origin,
    'com.atproto.server.describeServer',
  )
  return availableUserDomains[0] ?? ''
}

/** Time limit of one request, in ms: a password takes a second to hash, and the PLC directory has its own limits. */
const REQUEST_TIMEOUT = 60_000

async function call<T>(origin: string, method: string, init?: RequestInit): Promise<T> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT)
  // Nowhere else with the operator's password.
  const asked = await fetch(`${origin}/xrpc/${method}`, {
    ...init,
    signal,
    redirect: 'manual',
  }).then(
    async (response) => ({ response, text: await response.text() }),
    (error: unknown) => {
      throw new FirstAccountError(`the host does not answer (${reasonOf(error)})`)
    },
  )
  const { response, text } = asked
  const body = parse(text) as (T & { error?: string; message?: string }) | undefined
  if (!body) throw new FirstAccountError(`status ${response.status}, and no JSON`)
  if (body.error === 'ConfigurationError') {
    throw new FirstAccountError(
      'The host does not start with these settings: the lines above say what is wrong and what helps.',
    )
  }
  if (!response.ok) {
    throw new FirstAccountError(body.message ?? `status ${response.status}`, body.error)
  }
  return body
}

function parse(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : undefined
  } catch {
    return undefined
  }
}
