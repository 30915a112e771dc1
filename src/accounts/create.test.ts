import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { account } from '../durable/names.ts'
import { basic, makeAccount, outcome, PASSWORD, send } from '../testing/host.ts'

const create = (handle: string, password = PASSWORD) =>
  send('/xrpc/com.atproto.server.createAccount', {
    method: 'POST',
    headers: {
      authorization: basic('admin', 'test admin password'),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ handle, password }),
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

test('a handle is given out once', async () => {
  const { handle } = await makeAccount()
  expect(await outcome(await create(handle))).toEqual({ status: 400, error: 'HandleNotAvailable' })
  const both = await Promise.all([create('twice.test'), create('TWICE.test')])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
})

describe('a handle is refused', () => {
  test.each([
    ['alice', 'InvalidRequest'],
    ['alice.example.com', 'UnsupportedDomain'],
    ['al.test', 'InvalidHandle'],
    ['a-name-of-nineteen-c.test', 'InvalidHandle'],
    ['a.b.test', 'InvalidHandle'],
  ])('%s', async (handle, error) => {
    expect(await outcome(await create(handle))).toEqual({ status: 400, error })
  })
})

test('a short password is refused, and the handle stays free', async () => {
  expect(await outcome(await create('careful.test', 'short'))).toEqual({
    status: 400,
    error: 'InvalidPassword',
  })
  expect((await create('careful.test')).status).toBe(200)
})

test('an account whose making broke off half way can be made again', async () => {
  const handle = 'halfway.test'
  const did = `did:web:${handle}`
  // As far as an attempt gets that dies before the directory hears of it.
  await account(env, did).prepare({ did, handle, email: null, password: 'another password' })
  expect((await login(handle)).status).toBe(401)
  expect((await create(handle)).status).toBe(200)
  expect((await login(handle)).status).toBe(200)
})
