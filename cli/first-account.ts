/** The account that a fresh host starts with. */
import { randomBytes } from 'node:crypto'
import type { RawSettings } from '../src/kernel/config/settings.ts'

export interface FirstAccount {
  did: string
  handle: string
  /** Given only when it was made up. */
  password: string | undefined
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

/**
 * Makes an account when the host has none.
 *
 * @returns what was made, or undefined when there was one already
 * @throws FirstAccountError
 */
export async function ensureFirstAccount(
  origin: string,
  raw: RawSettings,
): Promise<FirstAccount | undefined> {
  const existing = await call<{ repos: unknown[] }>(origin, 'com.atproto.sync.listRepos?limit=1')
  if (existing.repos.length > 0) return undefined
  const handle = raw.PDS_FIRST_HANDLE?.toLowerCase() ?? `alice${await firstDomain(origin)}`
  const password = raw.PDS_FIRST_PASSWORD ?? randomBytes(12).toString('base64url')
  const credentials = Buffer.from(`admin:${raw.PDS_ADMIN_PASSWORD}`).toString('base64')
  // A did:web needs nobody else: so a host starts offline too.
  const did = `did:web:${handle}`
  try {
    await call(origin, 'com.atproto.server.createAccount', {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      body: JSON.stringify({ handle, did, password }),
    })
  } catch (error) {
    // It is there already, and only not listed yet: the host was ended right after making it.
    if (error instanceof FirstAccountError && error.reason === 'HandleNotAvailable')
      return undefined
    throw error
  }
  return { did, handle, password: raw.PDS_FIRST_PASSWORD ? undefined : password }
}

async function firstDomain(origin: string): Promise<string> {
  const { availableUserDomains } = await call<{ availableUserDomains: string[] }>(
    origin,
    'com.atproto.server.describeServer',
  )
  return availableUserDomains[0] ?? ''
}

async function call<T>(origin: string, method: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`${origin}/xrpc/${method}`, init)
  const body = (await response.json()) as T & { error?: string; message?: string }
  if (body.error === 'ConfigurationError') {
    throw new FirstAccountError(
      'The host does not start with these settings: the line above says what is wrong and what helps.',
    )
  }
  if (!response.ok) {
    throw new FirstAccountError(body.message ?? `status ${response.status}`, body.error)
  }
  return body
}
