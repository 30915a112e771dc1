/** Whoever sends a body slowly is not served when they were signed out meanwhile. */
import { env, exports } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { callAs, makeAccount, type TestAccount } from '../../testing/host.ts'
import { connectApp } from '../../testing/oauth.ts'

const objects = hostObjects(env)

type Headers = Record<string, string>

/** Sends a body but for its last byte, lets `meanwhile` happen, and sends the rest. */
async function slowly(
  nsid: string,
  body: Uint8Array,
  headers: Headers,
  meanwhile: () => Promise<void>,
): Promise<number> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const answer = exports.default.fetch(`http://localhost/xrpc/${nsid}`, {
    method: 'POST',
    headers,
    body: readable,
  })
  const writer = writable.getWriter()
  void writer.write(body.slice(0, -1)).catch(() => undefined)
  await scheduler.wait(150)
  await meanwhile()
  // Whoever is refused before the body was read is answered though nobody takes the rest.
  void writer.write(body.slice(-1)).catch(() => undefined)
  void writer.close().catch(() => undefined)
  return (await answer).status
}

const json = (value: object): [Uint8Array, Headers] => [
  new TextEncoder().encode(JSON.stringify(value)),
  { 'content-type': 'application/json' },
]

type Request = (account: TestAccount) => [string, Uint8Array, Headers]

const requests: [string, Request][] = [
  [
    'updateEmail',
    () => [
      'com.atproto.server.updateEmail',
      ...json({ email: `${crypto.randomUUID()}@example.com` }),
    ],
  ],
  [
    'updateHandle',
    ({ handle }) => ['com.atproto.identity.updateHandle', ...json({ handle: `x-${handle}` })],
  ],
  ['deactivateAccount', () => ['com.atproto.server.deactivateAccount', ...json({})]],
  ['putPreferences', () => ['app.bsky.actor.putPreferences', ...json({ preferences: [] })]],
  ['createAppPassword', () => ['com.atproto.server.createAppPassword', ...json({ name: 'thief' })]],
  [
    'createRecord',
    ({ did: repo }) => [
      'com.atproto.repo.createRecord',
      ...json({ repo, collection: 'com.example.note', record: {} }),
    ],
  ],
  [
    'uploadBlob',
    () => [
      'com.atproto.repo.uploadBlob',
      new Uint8Array(5_000).fill(97),
      { 'content-type': 'text/plain' },
    ],
  ],
]

const reset = (did: string) => () => objects.account(did).passwords.set('another password')
const takeDown = (did: string) => () => objects.account(did).lifecycle.setTakedown('a reason')

describe.each([
  ['a new password', reset],
  ['a takedown', takeDown],
])('%s meanwhile', (_, end) => {
  test.each(requests)('%s is refused', async (__, make) => {
    const account = await makeAccount()
    const [nsid, body, headers] = make(account)
    const authorization = `Bearer ${account.accessJwt}`
    const all = { ...headers, authorization }
    expect(await slowly(nsid, body, all, end(account.did))).toBeGreaterThanOrEqual(400)
    const again = await makeAccount()
    const [, same, other] = make(again)
    const own = { ...other, authorization: `Bearer ${again.accessJwt}` }
    expect(await slowly(nsid, same, own, async () => {})).toBe(200)
  })
})

test('importRepo is refused after a new password, with nothing changed', async () => {
  const account = await makeAccount()
  const { did } = account
  const response = await exports.default.fetch(
    `http://localhost/xrpc/com.atproto.sync.getRepo?did=${did}`,
  )
  const car = new Uint8Array(await response.arrayBuffer())
  await callAs(account, 'com.atproto.repo.createRecord', {
    repo: did,
    collection: 'com.example.note',
    record: {},
  })
  const headers = {
    authorization: `Bearer ${account.accessJwt}`,
    'content-type': 'application/vnd.ipld.car',
  }
  const { rev } = await objects.account(did).repository.latestCommit()
  const status = await slowly('com.atproto.repo.importRepo', car, headers, reset(did))
  expect(status).toBeGreaterThanOrEqual(400)
  expect(await objects.account(did).repository.latestCommit()).toMatchObject({ rev })
})

test('a compressed import is refused', async () => {
  const account = await makeAccount()
  const headers = {
    authorization: `Bearer ${account.accessJwt}`,
    'content-type': 'application/vnd.ipld.car',
    'content-encoding': 'gzip',
  }
  const init = { method: 'POST', headers, body: new Uint8Array(10) }
  const url = 'http://localhost/xrpc/com.atproto.repo.importRepo'
  expect((await exports.default.fetch(url, init)).status).toBe(415)
})

/** Begins an empty body, lets `meanwhile` happen, and ends it. */
async function slowlyNothing(account: TestAccount, nsid: string, meanwhile: () => Promise<void>) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const answer = exports.default.fetch(`http://localhost/xrpc/${nsid}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}` },
    body: readable,
  })
  await scheduler.wait(150)
  await meanwhile()
  await writable.close()
  return (await answer).status
}

test.each(['com.atproto.server.requestEmailUpdate', 'com.atproto.server.activateAccount'])(
  '%s, which takes no body, is refused after a new password',
  async (nsid) => {
    const account = await makeAccount()
    expect(await slowlyNothing(account, nsid, reset(account.did))).toBeGreaterThanOrEqual(400)
    expect(await slowlyNothing(await makeAccount(), nsid, async () => {})).toBe(200)
  },
)

test.each([
  ['createRecord', 'com.atproto.repo.createRecord'],
  ['putPreferences', 'app.bsky.actor.putPreferences'],
])('an app whose token has ended meanwhile does no %s', async (_, nsid) => {
  const { did } = await makeAccount()
  const app = await connectApp(did, 'atproto transition:generic')
  const input = nsid.includes('repo')
    ? { repo: did, collection: 'com.example.note', record: {} }
    : { preferences: [] }
  const [body, headers] = json(input)
  const all = {
    ...headers,
    authorization: `DPoP ${app.accessToken}`,
    dpop: await app.prove('POST', `/xrpc/${nsid}`),
  }
  expect(await slowly(nsid, body, all, reset(did))).toBe(401)
})
