/** A host with an account on it, for tests that run inside workerd. */
import { exports } from 'cloudflare:workers'

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

let made = 0

/** Makes an account with a handle of its own. */
export async function makeAccount(): Promise<TestAccount> {
  const handle = `test-${made++}-${Math.random().toString(36).slice(2, 8)}.test`
  const response = await send('/xrpc/com.atproto.server.createAccount', {
    method: 'POST',
    headers: {
      authorization: basic('admin', 'test admin password'),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ handle, did: `did:web:${handle}`, password: PASSWORD }),
  })
  if (!response.ok) throw new Error(`could not make an account: ${await response.text()}`)
  return response.json()
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
