/** What an app's scope allows is what it can do, however it spells a request. */
import { beforeAll, describe, expect, test } from 'vitest'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { type ConnectedApp, connectApp } from '../../testing/oauth.ts'

const BATCH = 'com.atproto.repo.applyWrites'
const collection = 'com.example.note'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

async function call(app: ConnectedApp, path: string, body?: unknown): Promise<Response> {
  const method = body === undefined ? 'GET' : 'POST'
  const [pathname = ''] = path.split('?')
  return send(`/xrpc/${path}`, {
    method,
    headers: {
      authorization: `DPoP ${app.accessToken}`,
      dpop: await app.prove(method, `/xrpc/${pathname}`),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

const batch = (...writes: unknown[]) => ({ repo: account.did, writes })

const head = async (): Promise<unknown> =>
  (await send(`/xrpc/com.atproto.sync.getLatestCommit?did=${account.did}`)).json()

describe('the action of a write', () => {
  test.each([
    `lex:${BATCH}#delete`,
    `lex:${BATCH}#create`,
    `${BATCH}#delete#create`,
    `${BATCH}#Delete`,
    BATCH,
    undefined,
  ])('is not read from the type %s', async ($type) => {
    const app = await connectApp(account.did, `atproto repo:${collection}?action=delete`)
    const write = { $type, collection, rkey: 'made-by-deletion', value: {} }
    const before = await head()
    for (const answer of [
      await call(app, BATCH, batch(write)),
      await callAs(account, BATCH, batch(write)),
    ]) {
      expect(await outcome(answer)).toEqual({ status: 400, error: 'InvalidRequest' })
    }
    expect(await head()).toEqual(before)
  })

  test('is what the scope must allow', async () => {
    const app = await connectApp(account.did, `atproto repo:${collection}?action=delete`)
    const write = { collection, rkey: 'one', value: {} }
    expect(
      await outcome(await call(app, BATCH, batch({ ...write, $type: `${BATCH}#create` }))),
    ).toEqual({ status: 403, error: 'ScopeMissingError' })
    const answer = await call(app, BATCH, batch({ ...write, $type: `${BATCH}#delete` }))
    expect(answer.status).toBe(200)
  })

  test('of a batch without writes is none: no commit', async () => {
    const app = await connectApp(account.did, 'atproto')
    const before = await head()
    const answer = await call(app, BATCH, batch())
    expect([answer.status, await answer.json()]).toEqual([200, { results: [] }])
    expect(await head()).toEqual(before)
  })
})

describe('capital letters in the domain of a method', () => {
  const spellings = ['CHAT.bsky.convo.listConvos', 'chat.BSKY.convo.listConvos']
  const aud = 'did:web:api.bsky.chat'

  test.each(spellings)('are refused in a path: %s', async (nsid) => {
    const app = await connectApp(account.did, 'atproto transition:generic')
    const headers = { 'atproto-proxy': `${aud}%23bsky_chat` }
    for (const answer of [
      await call(app, nsid),
      await callAs(account, nsid),
      await send(`/xrpc/${nsid}`, { headers }),
    ]) {
      expect(await outcome(answer)).toEqual({ status: 400, error: 'InvalidRequest' })
    }
  })

  test.each(spellings)('are refused in a service token: %s', async (nsid) => {
    const path = `com.atproto.server.getServiceAuth?aud=${aud}&lxm=${nsid}`
    const app = await connectApp(account.did, 'atproto transition:generic')
    expect((await call(app, path)).status).toBeGreaterThanOrEqual(400)
    expect(await outcome(await callAs(account, path))).toEqual({
      status: 400,
      error: 'InvalidRequest',
    })
  })
})
