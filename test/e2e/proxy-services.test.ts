/** Methods that go to a service by a way of their own: feeds, push notifications, reports, others' records. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startAppView, startFeedGenerator, type TestService } from '../support/appview.ts'
import { APPVIEW, type ProxyHost, startProxyHost } from '../support/proxy.ts'
import { HANDLE, PASSWORD, startServer } from '../support/server.ts'

const GENERATOR = 'did:web:feeds.example.com'
const LABELER = 'did:web:labeler.test'
const ELSEWHERE = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const FEED = `at://${ELSEWHERE}/app.bsky.feed.generator/birds`

let host: ProxyHost
let generator: TestService
let labeler: TestService
let other: TestService
let otherDid: string
const records = new Map<string, unknown>([[FEED, { did: GENERATOR }]])

beforeAll(async () => {
  const keyOf = (did: string) => host.keyOf(did)
  generator = await startFeedGenerator({ did: GENERATOR, keyOf })
  labeler = await startAppView({ did: LABELER, keyOf })
  const env = () => ({ PDS_MOD_SERVICE_URL: labeler.url, PDS_MOD_SERVICE_DID: LABELER })
  host = await startProxyHost(env, { records, generatorUrl: generator.url })
  // The service needs to know its DID, and the directory where the service is.
  const parts = { did: '', keyOf }
  other = await startAppView(parts)
  otherDid = await host.register({ bsky_notif: other.url, atproto_labeler: other.url })
  parts.did = otherDid
})

beforeEach(() => {
  for (const { asked } of [host.appview, generator, labeler, other]) asked.length = 0
})

afterAll(async () => {
  await host?.stop()
  for (const service of [generator, labeler, other]) await service?.stop()
})

const post = (nsid: string, input: object, headers: Record<string, string> = {}) =>
  host.call(nsid, {
    method: 'POST',
    body: JSON.stringify(input),
    headers: { 'content-type': 'application/json', ...headers },
  })

const errorOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { error: string; message: string }),
})

describe('a feed', () => {
  const getFeed = (feed: string) =>
    host.call(`app.bsky.feed.getFeed?${new URLSearchParams({ feed })}`)

  test('is asked for with a token for its generator, which learns who wants it', async () => {
    const response = await getFeed(FEED)
    expect(await response.json()).toEqual({ feed: [], cursor: `for ${host.agent.did}` })
    expect(generator.asked).toMatchObject([
      { token: { iss: host.agent.did, aud: GENERATOR, lxm: 'app.bsky.feed.getFeedSkeleton' } },
    ])
  })

  test('may have been described by an account of this host', async () => {
    const { data } = await host.agent.com.atproto.repo.createRecord({
      repo: host.agent.assertDid,
      collection: 'app.bsky.feed.generator',
      record: { did: GENERATOR, displayName: 'Birds', createdAt: new Date().toISOString() },
    })
    expect((await getFeed(data.uri)).status).toBe(200)
    expect(host.appview.asked.map(({ nsid }) => nsid)).toEqual(['app.bsky.feed.getFeed'])
  })

  test.each([
    `at://${ELSEWHERE}/app.bsky.feed.generator/none`,
    `at://${HANDLE}/app.bsky.feed.generator/none`,
  ])('that nobody knows is an unknown feed: %s', async (feed) => {
    expect(await errorOf(await getFeed(feed))).toMatchObject({ status: 400, error: 'UnknownFeed' })
    expect(generator.asked).toEqual([])
  })

  test('is for those only who are signed in', async () => {
    const query = new URLSearchParams({ feed: FEED })
    const response = await fetch(`${host.server.origin}/xrpc/app.bsky.feed.getFeed?${query}`)
    expect(response.status).toBe(401)
    expect(host.appview.asked).toEqual([])
  })
})

describe.each(['registerPush', 'unregisterPush'])('%s', (name) => {
  const nsid = `app.bsky.notification.${name}`
  const input = (serviceDid: string) => ({ serviceDid, token: 'x', platform: 'web', appId: 'a.b' })

  test('goes to the AppView when that is the service', async () => {
    const response = await post(nsid, input(APPVIEW))
    expect([response.status, await response.text()]).toEqual([200, ''])
    const token = { iss: host.agent.did, aud: APPVIEW, lxm: nsid }
    expect(host.appview.asked).toMatchObject([{ token, input: input(APPVIEW) }])
  })

  test('goes where the DID document of the service says', async () => {
    expect((await post(nsid, input(otherDid))).status).toBe(200)
    expect(other.asked).toMatchObject([{ token: { aud: otherDid, lxm: nsid } }])
  })

  test('goes nowhere when it says nothing', async () => {
    const did = await host.register({ something: other.url })
    expect(await errorOf(await post(nsid, input(did)))).toEqual({
      status: 400,
      error: 'InvalidRequest',
      message: `invalid notification service details in did document: ${did}`,
    })
  })
})

describe('a report', () => {
  const NSID = 'com.atproto.moderation.createReport'
  const report = {
    reasonType: 'com.atproto.moderation.defs#reasonSpam',
    subject: { $type: 'com.atproto.admin.defs#repoRef', did: ELSEWHERE },
  }

  test('goes to the moderation service of this host', async () => {
    const response = await post(NSID, report)
    expect(await response.json()).toMatchObject({ id: 7, reportedBy: host.agent.did, ...report })
    expect(labeler.asked).toMatchObject([{ token: { aud: LABELER, lxm: NSID }, input: report }])
  })

  test('goes to the service that a header names', async () => {
    const named = { 'atproto-proxy': `${otherDid}#atproto_labeler` }
    expect((await post(NSID, report, named)).status).toBe(200)
    expect(other.asked).toMatchObject([{ token: { aud: otherDid } }])
    expect(labeler.asked).toEqual([])
  })

  test('that makes no sense goes nowhere', async () => {
    expect((await post(NSID, { reasonType: 7 })).status).toBe(400)
    expect(labeler.asked).toEqual([])
  })
})

describe('a record of another host', () => {
  const path = 'com.atproto.repo.getRecord'
  const query = (rkey: string) =>
    `?repo=${ELSEWHERE}&collection=app.bsky.feed.generator&rkey=${rkey}`

  test('is the answer of the AppView, which is not told who asks', async () => {
    const response = await host.call(`${path}${query('birds')}`)
    expect(await response.json()).toEqual({ uri: FEED, value: { did: GENERATOR } })
    expect(host.appview.asked).toMatchObject([{ url: `/xrpc/${path}${query('birds')}` }])
    expect(host.appview.asked[0]?.headers.authorization).toBeUndefined()
  })

  test('is asked for at the AppView only, so that nobody reaches others through this host', async () => {
    const headers = { 'atproto-proxy': `${otherDid}#bsky_notif` }
    const response = await fetch(`${host.server.origin}/xrpc/${path}${query('none')}`, { headers })
    expect(await errorOf(response)).toMatchObject({ status: 400, error: 'RecordNotFound' })
    expect(host.appview.asked).toHaveLength(1)
    expect(other.asked).toEqual([])
  })
})

test('a host without an AppView has no feeds, no push service and no records of others', async () => {
  const server = await startServer()
  try {
    const login = await fetch(`${server.origin}/xrpc/com.atproto.server.createSession`, {
      method: 'POST',
      body: JSON.stringify({ identifier: HANDLE, password: PASSWORD }),
      headers: { 'content-type': 'application/json' },
    })
    const { accessJwt } = (await login.json()) as { accessJwt: string }
    const headers = { authorization: `Bearer ${accessJwt}` }
    const get = async (path: string) =>
      errorOf(await fetch(`${server.origin}/xrpc/${path}`, { headers }))
    const none = (nsid: string) => ({ status: 400, message: `No service configured for ${nsid}` })
    for (const nsid of ['app.bsky.feed.getTimeline', 'chat.bsky.convo.listConvos']) {
      expect(await get(nsid)).toMatchObject(none(nsid))
    }
    const feed = new URLSearchParams({ feed: FEED })
    expect(await get(`app.bsky.feed.getFeed?${feed}`)).toMatchObject(none('app.bsky.feed.getFeed'))
    const record = await get(`com.atproto.repo.getRecord?repo=${ELSEWHERE}&collection=a.b.c&rkey=x`)
    expect(record).toMatchObject({ status: 400, error: 'RecordNotFound' })
  } finally {
    await server.stop()
  }
})

test('somebody who was taken down can still report, and do nothing else elsewhere', async () => {
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did: host.agent.did }
  await fetch(`${host.server.origin}/xrpc/com.atproto.admin.updateSubjectStatus`, {
    method: 'POST',
    headers: { authorization: operatorOf(host.server), 'content-type': 'application/json' },
    body: JSON.stringify({ subject, takedown: { applied: true } }),
  })
  await host.agent.login({ identifier: HANDLE, password: PASSWORD, allowTakendown: true })
  const report = { reasonType: 'com.atproto.moderation.defs#reasonAppeal', subject }
  expect((await post('com.atproto.moderation.createReport', report)).status).toBe(200)
  expect(labeler.asked).toMatchObject([{ token: { iss: host.agent.did } }])
  const { status } = await post('app.bsky.notification.registerPush', {
    serviceDid: APPVIEW,
    token: 'x',
    platform: 'web',
    appId: 'a.b',
  })
  expect(status).toBe(400)
})
