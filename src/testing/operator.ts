/** Accounts with the role of an operator, and calls by the admin password, for tests in workerd. */
import { env } from 'cloudflare:workers'
import { Secret, TOTP } from 'otpauth'
import { vi } from 'vitest'
import { hostObjects } from '../services/objects/stubs.ts'
import { ADMIN_PASSWORD, basic, makeAccount, PASSWORD, send, type TestAccount } from './host.ts'

const objects = hostObjects(env)

/** Switches an authenticator app on. @returns a code of it for each step from now on, as each is good once */
export async function addAuthenticatorApp(did: string): Promise<(step: number) => string> {
  const { factors } = objects.account(did)
  const { secret } = await factors.beginTotp()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const codeAt = (step: number) => totp.generate({ timestamp: Date.now() + step * 30_000 })
  // Where a step ends on the way, this code is two behind: it is done with the next one.
  await vi.waitFor(() => factors.enableTotp(codeAt(-1)))
  return codeAt
}

/** A new session by password, and by code where one is given. */
export async function signIn(did: string, code?: string): Promise<TestAccount> {
  const response = await send('/xrpc/com.atproto.server.createSession', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: did, password: PASSWORD, authFactorToken: code }),
  })
  if (!response.ok) throw new Error(`not signed in: ${await response.text()}`)
  return response.json()
}

/** An operator who has signed in with a code. */
export async function makeOperator(): Promise<
  TestAccount & { codeAt: (step: number) => string; weakJwt: string }
> {
  const { did, accessJwt: weakJwt } = await makeAccount()
  const codeAt = await addAuthenticatorApp(did)
  await objects.directory.roles.set(did, 'operator')
  return { ...(await signIn(did, codeAt(0))), codeAt, weakJwt }
}

/** Calls a method of `com.atproto.admin` by the admin password. @param method its last part */
export const callAsOperator = (method: string, input: object): Promise<Response> =>
  send(`/xrpc/com.atproto.admin.${method}`, {
    method: 'POST',
    headers: {
      authorization: basic('admin', ADMIN_PASSWORD),
      'content-type': 'application/json',
    },
    body: JSON.stringify(input),
  })
