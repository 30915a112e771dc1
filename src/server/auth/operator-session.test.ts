/** Operators by the role of their account: who is one, and when they are no more. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { callAs, makeAccount, outcome, send } from '../../testing/host.ts'
import { connectApp } from '../../testing/oauth.ts'
import { makeOperator, signIn } from '../../testing/operator.ts'

const objects = hostObjects(env)
const SEARCH = 'com.atproto.admin.searchAccounts'
const STRANGER = { status: 401, error: 'AuthMissing' }

/** How the host answers to an account that lists accounts. */
const tryAs = async (account: Parameters<typeof callAs>[0]) =>
  outcome(await callAs(account, SEARCH))

test('an account with the role, signed in with a code, is an operator; without one of both it is not', async () => {
  const operator = await makeOperator()
  expect(await tryAs(operator)).toEqual({ status: 200 })
  const { did } = await makeAccount()
  const deletion = await callAs(operator, 'com.atproto.admin.deleteAccount', { did })
  expect(deletion.status).toBe(200)
  // Its session from before the authenticator app was set up, by a password alone.
  expect(await tryAs({ ...operator, accessJwt: operator.weakJwt })).toEqual(STRANGER)
  const person = await makeAccount()
  expect(await tryAs(person)).toEqual(STRANGER)
  expect(await tryAs({ ...operator, accessJwt: operator.refreshJwt })).toEqual(STRANGER)
})

test('an app password is not enough, nor an app that may do everything', async () => {
  const operator = await makeOperator()
  const created = await callAs(operator, 'com.atproto.server.createAppPassword', {
    name: 'app',
    privileged: true,
  })
  const { password } = (await created.json()) as { password: string }
  const session = await send('/xrpc/com.atproto.server.createSession', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: operator.did, password }),
  })
  expect(await tryAs(await session.json())).toEqual(STRANGER)
  const app = await connectApp(operator.did, 'atproto transition:generic transition:email')
  const headers = {
    authorization: `DPoP ${app.accessToken}`,
    dpop: await app.prove('GET', `/xrpc/${SEARCH}`),
  }
  expect(await outcome(await send(`/xrpc/${SEARCH}`, { headers }))).toEqual(STRANGER)
})

test('whoever loses the role, or is not active, is no operator at once', async () => {
  const operator = await makeOperator()
  const { did } = operator
  const { lifecycle } = objects.account(did)
  await objects.directory.roles.set(did, null)
  expect(await tryAs(operator)).toEqual(STRANGER)
  await objects.directory.roles.set(did, 'operator')
  expect(await tryAs(operator)).toEqual({ status: 200 })
  await lifecycle.deactivate(null)
  expect(await tryAs(operator)).toEqual(STRANGER)
  await lifecycle.activate()
  expect(await tryAs(operator)).toEqual({ status: 200 })
  await lifecycle.setTakedown('a reason')
  expect(await tryAs(operator)).toEqual(STRANGER)
  await lifecycle.setTakedown(null)
  // A takedown has ended the session.
  expect(await tryAs(operator)).toEqual(STRANGER)
  const again = await signIn(did, operator.codeAt(1))
  expect(await tryAs(again)).toEqual({ status: 200 })
  await lifecycle.destroy()
  await objects.directory.accounts.remove(did)
  expect(await tryAs(again)).toEqual(STRANGER)
  expect(await objects.directory.roles.of(did)).toBeNull()
})

test('whoever loses the role while the body is on its way does nothing', async () => {
  const operator = await makeOperator()
  const { did } = await makeAccount()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const answer = send('/xrpc/com.atproto.admin.deleteAccount', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${operator.accessJwt}`,
      'content-type': 'application/json',
    },
    body: readable,
  })
  const writer = writable.getWriter()
  const body = new TextEncoder().encode(JSON.stringify({ did }))
  void writer.write(body.slice(0, -1)).catch(() => undefined)
  // As in slow-bodies.test.ts: the credentials are looked at meanwhile.
  await scheduler.wait(150)
  await objects.directory.roles.set(operator.did, null)
  void writer.write(body.slice(-1)).catch(() => undefined)
  void writer.close().catch(() => undefined)
  expect(await outcome(await answer)).toEqual(STRANGER)
  expect(await objects.directory.accounts.find('did', did)).toBeDefined()
})

test('a role is an account of this host’s, and whoever is no account gets none', async () => {
  await expect(
    objects.directory.roles.set('did:web:nobody.test', 'operator'),
  ).rejects.toMatchObject({ customErrorName: 'AccountNotFound' })
})
