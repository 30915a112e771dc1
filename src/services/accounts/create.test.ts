import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { basic, callAs, makeAccount, outcome, PASSWORD, send } from '../../testing/host.ts'
import { resultOf } from '../../testing/result.ts'
import { hostObjects } from '../objects/stubs.ts'

interface Wanted {
  handle: string
  did?: string
  email?: string
  password?: string
  recoveryKey?: string
}

const objects = hostObjects(env)
const OPERATOR = basic('admin', 'test admin password')

/** Asks for an account; by default with the did:web of the handle, which needs no PLC directory. */
const create = (wanted: Wanted, authorization?: string) =>
  send('/xrpc/com.atproto.server.createAccount', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({
      did: `did:web:${wanted.handle.toLowerCase()}`,
      email: `${wanted.handle}@example.com`,
      password: PASSWORD,
      ...wanted,
    }),
  })

const login = (identifier: string) =>
  send('/xrpc/com.atproto.server.createSession', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier, password: PASSWORD }),
  })

test('an account is found under its handle, whatever the case, and under its DID', async () => {
  const { handle, did } = await makeAccount()
  expect((await login(handle.toUpperCase())).status).toBe(200)
  expect((await login(did)).status).toBe(200)
  const query = `com.atproto.identity.resolveHandle?handle=${handle}`
  expect(await (await send(`/xrpc/${query}`)).json()).toEqual({ did })
})

test('and under its e-mail address', async () => {
  expect((await create({ handle: 'by-mail.test', email: 'By.Mail@Example.com' })).status).toBe(200)
  expect((await login('by.mail@example.COM')).status).toBe(200)
})

test('and whatever stands unseen around what was typed or pasted', async () => {
  const { handle, did } = await makeAccount()
  for (const identifier of [`\u202a${handle}\u202c`, `\u2068@${handle}\u2069 `, `\u200e${did}`]) {
    expect((await login(identifier)).status, JSON.stringify(identifier)).toBe(200)
  }
})

test('an address may have signs and letters of other alphabets', async () => {
  for (const [n, email] of ['first.last+tag@example.com', 'jörg@bücher.example'].entries()) {
    expect((await create({ handle: `signs-${n}.test`, email })).status, email).toBe(200)
  }
})

test('an app password is revoked by its name as it was typed', async () => {
  const account = await makeAccount()
  const name = ' same '
  const made = await callAs(account, 'com.atproto.server.createAppPassword', { name })
  const { password } = (await made.json()) as { password: string }
  const body = JSON.stringify({ identifier: account.did, password })
  const headers = { 'content-type': 'application/json' }
  const signIn = async () =>
    (await send('/xrpc/com.atproto.server.createSession', { method: 'POST', headers, body })).status
  expect(await signIn()).toBe(200)
  await callAs(account, 'com.atproto.server.revokeAppPassword', { name })
  expect(await signIn()).toBe(401)
})

test('a handle is given out once', async () => {
  const { handle } = await makeAccount()
  const taken = { status: 400, error: 'HandleNotAvailable' }
  expect(await outcome(await create({ handle }))).toEqual(taken)
  const both = await Promise.all([
    create({ handle: 'twice.test', email: 'a@example.com' }),
    create({ handle: 'TWICE.test', email: 'b@example.com' }),
  ])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
})

test('an e-mail address belongs to one account', async () => {
  const email = 'same@example.com'
  expect((await create({ handle: 'first-one.test', email })).status).toBe(200)
  const second = await create({ handle: 'second-one.test', email: 'SAME@example.com' })
  expect(await outcome(second)).toEqual({ status: 400, error: 'InvalidRequest' })
  expect((await create({ handle: 'second-one.test' })).status).toBe(200)
})

describe('a handle is refused', () => {
  test.each([
    ['alice', 'InvalidRequest'],
    ['alice.example.com', 'UnsupportedDomain'],
    ['alice.local', 'InvalidHandle'],
    ['al.test', 'InvalidHandle'],
    ['a-name-of-nineteen-c.test', 'InvalidHandle'],
    ['a.b.test', 'InvalidHandle'],
    ['admin.test', 'HandleNotAvailable'],
    ['no-reply.test', 'HandleNotAvailable'],
  ])('%s', async (handle, error) => {
    expect(await outcome(await create({ handle, did: undefined }))).toEqual({ status: 400, error })
  })
})

test('the operator may give out reserved and short handles', async () => {
  expect((await create({ handle: 'ab.test', email: undefined }, OPERATOR)).status).toBe(200)
  expect((await create({ handle: 'support.test', email: undefined }, OPERATOR)).status).toBe(200)
})

describe('an account is refused, and the handle stays free,', () => {
  test.each<[string, Partial<Wanted>, { status: number; error: string }]>([
    ['with a short password', { password: 'short' }, { status: 400, error: 'InvalidPassword' }],
    ['without a password', { password: undefined }, { status: 400, error: 'InvalidPassword' }],
    ['without an address', { email: undefined }, { status: 400, error: 'InvalidRequest' }],
    ['with no real address', { email: 'me@home' }, { status: 400, error: 'InvalidRequest' }],
    ['with an IP address', { email: 'a@[127.0.0.1]' }, { status: 400, error: 'InvalidRequest' }],
    ['with two dots', { email: 'a..b@example.com' }, { status: 400, error: 'InvalidRequest' }],
    [
      'with a name that no domain has',
      { email: 'a@ex_ample.com' },
      { status: 400, error: 'InvalidRequest' },
    ],
    [
      'with the DID of somebody else',
      { did: 'did:web:somebody.example.com' },
      { status: 401, error: 'AuthenticationRequired' },
    ],
    [
      'with a recovery key that is none',
      { did: undefined, recoveryKey: 'did:key:z' },
      { status: 400, error: 'InvalidRequest' },
    ],
    [
      'while the PLC directory cannot be reached',
      { did: undefined },
      { status: 502, error: 'UpstreamFailure' },
    ],
    [
      'no sooner with an empty recovery key, which is none',
      { did: undefined, recoveryKey: '' },
      { status: 502, error: 'UpstreamFailure' },
    ],
  ])('%s', async (_, changed, refusal) => {
    expect(await outcome(await create({ handle: 'careful.test', ...changed }))).toEqual(refusal)
    expect(await objects.directory.accounts.isHandleFree('careful.test')).toBe(true)
  })
})

test('an account whose making broke off half way can be made again', async () => {
  const handle = 'halfway.test'
  const did = `did:web:${handle}`
  // As far as an attempt gets that dies before the directory hears of it.
  await resultOf(
    objects
      .account(did)
      .lifecycle.prepare({ did, handle, email: null, password: 'another password' }),
  )
  expect((await login(handle)).status).toBe(401)
  expect((await create({ handle })).status).toBe(200)
  expect((await login(handle)).status).toBe(200)
})
