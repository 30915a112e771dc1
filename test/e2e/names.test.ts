/** Names that nobody may get: the operator's own, and those of accounts that are gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PASSWORD = 'a long password'
const PUBLIC = {
  PDS_DEV_MODE: 'false',
  // The PLC directory of these tests is here.
  PDS_DISABLE_SSRF_PROTECTION: 'true',
  PDS_HOSTNAME: 'social.example.com',
  PDS_SERVICE_HANDLE_DOMAINS: '.example.com',
  PDS_FIRST_HANDLE: 'first.example.com',
  PDS_REGISTRATION: 'open',
}

let plc: TestPlc
beforeAll(async () => {
  plc = await startPlc()
})
afterAll(() => plc.stop())

const start = (more: Record<string, string> = {}, dataDirectory?: string) =>
  startServer({ dataDirectory, env: { ...PUBLIC, PDS_DID_PLC_URL: plc.url, ...more } })

async function call(
  server: TestServer,
  method: string,
  body: object,
  authorization?: string,
): Promise<{ status: number; error?: string; message?: string; accessJwt: string; did: string }> {
  const response = await fetch(`${server.origin}/xrpc/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, ...(text && JSON.parse(text)) }
}

const create = (server: TestServer, input: object, authorization?: string) =>
  call(
    server,
    'com.atproto.server.createAccount',
    { email: `${Math.random()}@example.org`, password: PASSWORD, ...input },
    authorization,
  )

describe("the operator's names", () => {
  let server: TestServer
  beforeAll(async () => {
    server = await start({ PDS_MOD_SERVICE_DID: 'did:web:ozone.example.com' })
  })
  afterAll(() => server.stop())

  test.each(['ozone.example.com', 'OZONE.example.com', 'social.example.com'])(
    '%s is given to nobody, not even by the operator',
    async (handle) => {
      for (const by of [undefined, operatorOf(server)]) {
        for (const did of [undefined, `did:web:${handle.toLowerCase()}`]) {
          expect(await create(server, { handle, did }, by)).toMatchObject({
            status: 400,
            error: 'HandleNotAvailable',
          })
        }
      }
    },
  )

  test('are no handle that somebody changes to', async () => {
    const { accessJwt, did } = await create(server, { handle: 'changes.example.com' })
    const handle = 'ozone.example.com'
    expect(
      await call(server, 'com.atproto.identity.updateHandle', { handle }, `Bearer ${accessJwt}`),
    ).toMatchObject({ status: 400, error: 'HandleNotAvailable' })
    expect(
      await call(
        server,
        'com.atproto.admin.updateAccountHandle',
        { did, handle },
        operatorOf(server),
      ),
    ).toMatchObject({ status: 400, error: 'HandleNotAvailable' })
  })
})

test('of handle domains within one another the longest counts', async () => {
  const server = await start({ PDS_SERVICE_HANDLE_DOMAINS: '.example.com,.users.example.com' })
  expect(await create(server, { handle: 'somebody.users.example.com' })).toMatchObject({
    status: 200,
    handle: 'somebody.users.example.com',
  })
  expect((await create(server, { handle: 'somebody.example.com' })).status).toBe(200)
  for (const handle of ['a.somebody.users.example.com', 'some.body.example.com']) {
    expect(await create(server, { handle })).toMatchObject({ status: 400, error: 'InvalidHandle' })
  }
  const taken = `handle=${encodeURIComponent('somebody.users.example.com')}`
  const asked = `${server.origin}/xrpc/com.atproto.temp.checkHandleAvailability?${taken}`
  const { result } = (await (await fetch(asked)).json()) as {
    result: { suggestions: { handle: string }[] }
  }
  expect(result.suggestions[0]?.handle).toBe('somebody2.users.example.com')
  await server.stop()
})

test('capitals in the settings change no name', async () => {
  const server = await start({
    PDS_HOSTNAME: 'Social.Example.com',
    PDS_SERVICE_HANDLE_DOMAINS: '.Example.com',
    PDS_FIRST_HANDLE: 'First.Example.com',
  })
  expect(server.output).toContain('did:web:first.example.com')
  expect(await create(server, { handle: 'Second.example.com' })).toMatchObject({
    status: 200,
    handle: 'second.example.com',
  })
  const described = await fetch(`${server.origin}/xrpc/com.atproto.server.describeServer`)
  expect(await described.json()).toMatchObject({
    did: 'did:web:social.example.com',
    availableUserDomains: ['.example.com'],
  })
  await server.stop()
})

test('a host with an account of such a name answers its operator only, until that is mended', async () => {
  const handle = 'ozone.example.com'
  const before = await start()
  const { dataDirectory } = before
  const { did } = await create(before, { handle })
  expect(did).toMatch(/^did:plc:/)
  await before.stop()

  const settings = { PDS_MOD_SERVICE_DID: 'did:web:ozone.example.com' }
  await expect(start(settings, dataDirectory)).rejects.toThrow(/ozone\.example\.com \(did:plc:/)

  const again = await start({}, dataDirectory)
  const renamed = { did, handle: 'former-ozone.example.com' }
  expect(
    await call(again, 'com.atproto.admin.updateAccountHandle', renamed, operatorOf(again)),
  ).toMatchObject({ status: 200 })
  await again.stop()

  const mended = await start(settings, dataDirectory)
  await mended.stop()
})

describe('the names of an account that is gone', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await start({ PDS_HANDLE_COOLDOWN_MS: '3000' })
  })
  afterAll(() => server.stop())

  const remove = (did: string) =>
    call(server, 'com.atproto.admin.deleteAccount', { did }, operatorOf(server))

  test('a did:web is never given to anybody else, but by the operator', async () => {
    const handle = 'gone.example.com'
    const did = `did:web:${handle}`
    expect((await create(server, { handle, did })).status).toBe(200)
    expect((await remove(did)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 3_100))
    for (const name of [handle, handle.toUpperCase()]) {
      expect(await create(server, { handle: name, did })).toMatchObject({
        status: 400,
        error: 'InvalidRequest',
      })
    }
    expect((await create(server, { handle, did }, operatorOf(server))).status).toBe(200)
  })

  test('a handle is kept for a time', async () => {
    const handle = 'kept.example.com'
    const { did } = await create(server, { handle })
    expect((await remove(did)).status).toBe(200)
    expect(await create(server, { handle })).toMatchObject({ error: 'HandleNotAvailable' })
    await new Promise((resolve) => setTimeout(resolve, 3_100))
    expect((await create(server, { handle })).status).toBe(200)
  })

  test('a handle that was changed is kept for the account that had it', async () => {
    const { accessJwt } = await create(server, { handle: 'old-name.example.com' })
    const change = (handle: string) =>
      call(server, 'com.atproto.identity.updateHandle', { handle }, `Bearer ${accessJwt}`)
    expect((await change('new-name.example.com')).status).toBe(200)
    expect(await create(server, { handle: 'old-name.example.com' })).toMatchObject({
      error: 'HandleNotAvailable',
    })
    expect((await change('old-name.example.com')).status).toBe(200)
    // Whoever changes it often keeps few names from others.
    for (const name of ['one', 'two', 'three', 'four', 'five', 'old-name']) {
      expect((await change(`${name}.example.com`)).status).toBe(200)
    }
    expect((await create(server, { handle: 'one.example.com' })).status).toBe(200)
    expect((await create(server, { handle: 'five.example.com' })).status).toBe(400)
    // A change that did not come about keeps nothing.
    plc.breakDown()
    expect((await change('never-had.example.com')).status).toBeGreaterThanOrEqual(500)
    plc.repair()
    expect((await create(server, { handle: 'never-had.example.com' })).status).toBe(200)
  })
})
