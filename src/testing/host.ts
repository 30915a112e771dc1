/** A host with an account on it, for tests that run inside workerd. */
import { reset } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { writeRecord } from '../framework/host-client.ts'
import type { SeedRecords } from '../framework/seeds.ts'

/** The operator's, as the settings of tests have it. */
export const ADMIN_PASSWORD = 'test admin password'

/** Of every account that is made here. */
export const PASSWORD = 'correct horse battery'

export interface TestAccount {
  did: string
  handle: string
  accessJwt: string
  refreshJwt: string
}

/** Sends a request to the Worker. */
export function send(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(`http://localhost${path}`, init)
}

export const basic = (user: string, password: string): string =>
  `Basic ${btoa(`${user}:${password}`)}`

/** Deletes whatever the host has: for `beforeEach`, where tests are not to see what others have made. */
export const emptyHost = (): Promise<void> => reset()

let made = 0

export interface AccountOptions {
  /** One of its own unless given. */
  handle?: string
  /** Records to begin with, by collection. */
  records?: SeedRecords
}

/** Makes an account. */
export async function makeAccount({
  handle,
  records = {},
}: AccountOptions = {}): Promise<TestAccount> {
  const name = handle ?? `test-${made++}-${Math.random().toString(36).slice(2, 8)}.test`
  const response = await send('/xrpc/com.atproto.server.createAccount', {
    method: 'POST',
    headers: {
      authorization: basic('admin', ADMIN_PASSWORD),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ handle: name, did: `did:web:${name}`, password: PASSWORD }),
  })
  if (!response.ok) throw new Error(`could not make an account: ${await response.text()}`)
  const account: TestAccount = await response.json()
  for (const [collection, all] of Object.entries<readonly unknown[]>({ ...records })) {
    for (const record of all) await writeRecord(send, account, collection as never, record as never)
  }
  return account
}

/** Calls as `account`: a POST where there is a body, otherwise a GET. */
export function callAs(account: TestAccount, path: string, body?: unknown): Promise<Response> {
  const authorization = `Bearer ${account.accessJwt}`
  return send(
    `/xrpc/${path}`,
    body === undefined
      ? { headers: { authorization } }
      : {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
  )
}

/** The answer's status and error name, as tests compare them. */
export async function outcome(response: Response): Promise<{ status: number; error?: string }> {
  const text = await response.text()
  const { error } = text.startsWith('{') ? (JSON.parse(text) as { error?: string }) : {}
  return { status: response.status, error }
}
