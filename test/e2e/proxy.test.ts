/** Which requests are forwarded, to whom, for whom, and with what. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startAppView, type TestService } from '../support/appview.ts'
import { APPVIEW, type ProxyHost, startProxyHost } from '../support/proxy.ts'
import { HANDLE, PASSWORD } from '../support/server.ts'

const CUSTOM = 'did:web:custom.test'

let host: ProxyHost
let other: TestService

beforeAll(async () => {
  other = await startAppView({ did: CUSTOM, keyOf: (did) => host.keyOf(did) })
  host = await startProxyHost((appview) => ({
    PDS_PROXY_ROUTES: [
      `com.example.*=${CUSTOM}#svc@${other.url}`,
      'com.example.echo=appview',
      'app.bsky.video.*=none',
      'org.example.*=did:web:unknown.test#svc',
    ].join(','),
    PDS_CHAT_URL: appview,
    PDS_CHAT_DID: APPVIEW,
  }))
})

beforeEach(() => {
  host.appview.asked.length = 0
  other.asked.length = 0
})

afterAll(async () => {
  await host?.stop()
  await other?.stop()
})

const errorOf = async (response: Response) => {
  const { error, message } = (await response.json()) as { error: string; message: string }
  return { status: response.status, error, message }
}

const appPassword = async (privileged: boolean) => {
  const name = `app password ${privileged}`
  const { data } = await host.agent.com.atproto.server.createAppPassword({ name, privileged })
  const agent = new AtpAgent({ service: host.server.origin })
  await agent.login({ identifier: HANDLE, password: data.password })
  return { authorization: `Bearer ${agent.session?.accessJwt}` }
}

const TIMELINE = 'app.bsky.feed.getTimeline?limit=3'

describe('a forwarded request', () => {
  test('carries a token of the account for this service and method, good for a minute', async () => {
    const response = await host.call(TIMELINE)
    expect(await response.json()).toEqual({ feed: [], cursor: 'from the AppView' })
    const [first] = host.appview.asked.map(({ token }) => token)
    expect(first).toMatchObject({
      iss: host.agent.did,
      aud: APPVIEW,
      lxm: 'app.bsky.feed.getTimeline',
    })
    const left = (first?.exp ?? 0) - Date.now() / 1000
    expect(left).toBeGreaterThan(50)
    expect(left).toBeLessThanOrEqual(61)
  })

  test('takes along the headers that mean something there, and no others', async () => {
    await host.call(TIMELINE, {
      headers: {
        'accept-language': 'eo',
        'atproto-accept-labelers': 'did:web:labeler.test;redact',
        'x-bsky-topics': 'birds',
        'x-atproto-anything': 'goes',
        'user-agent': 'a client',
        cookie: 'secret=1',
        'x-forwarded-for': '192.0.2.1',
        'atproto-proxy': `${APPVIEW}#bsky_appview`,
      },
    })
    const { authorization, host: name, ...headers } = host.appview.asked[0]?.headers ?? {}
    expect(headers).toEqual({
      'accept-encoding': 'gzip, deflate',
      'accept-language': 'eo',
      'atproto-accept-labelers': 'did:web:labeler.test;redact',
      'x-bsky-topics': 'birds',
      'x-atproto-anything': 'goes',
      // This host's, as no other service learns of the client's.
      'user-agent': expect.stringMatching(/^cumulus\/[\d.]+ \(\+http:\/\/localhost:\d+\)$/),
    })
    expect(authorization).toMatch(/^Bearer /)
    expect(name).toMatch(/^localhost:/)
  })

  test('brings back the headers that mean something here, and no others', async () => {
    const { headers } = await host.call(TIMELINE)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': expect.stringContaining('application/json'),
      'content-language': 'eo',
      'atproto-repo-rev': '3l2s5poxi422p',
      'atproto-content-labelers': 'did:web:labeler.test;redact',
    })
    for (const name of ['set-cookie', 'x-secret', 'x-powered-by', 'etag']) {
      expect(headers.has(name), name).toBe(false)
    }
  })

  test.each(['?a=%2F+%zz&b[]=1&b[]=2', '?q=%F0%9F%90%A6&empty=&flag', '?', ''])(
    'keeps its query as it was written: %s',
    async (query) => {
      const response = await host.call(`com.example.echo${query}`)
      const { url } = (await response.json()) as { url: string }
      expect(url).toBe(`/xrpc/com.example.echo${query === '?' ? '' : query}`)
    },
  )

  test('may be a HEAD request', async () => {
    const response = await host.call('com.example.large?size=1234', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('1234')
    expect(await response.text()).toBe('')
  })

  test('is of no other kind', async () => {
    const response = await host.call('com.example.echo', { method: 'PUT', body: 'x' })
    expect(await errorOf(response)).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })
})

describe('the service', () => {
  test('may be named in a header, by a DID that is looked up, for methods that nobody knows too', async () => {
    const did = await host.register({ svc: other.url })
    const named = { headers: { 'atproto-proxy': `${did}#svc` } }
    const { url } = (await (await host.call('org.example.echo?x=1', named)).json()) as {
      url: string
    }
    expect(url).toBe('/xrpc/org.example.echo?x=1')
  })

  test('is looked up in the DID document unless it is just the configured one', async () => {
    const response = await host.call(TIMELINE, {
      headers: { 'atproto-proxy': `${APPVIEW}#bsky_notif` },
    })
    expect(await errorOf(response)).toMatchObject({ message: 'could not resolve proxy did' })
    expect(host.appview.asked).toEqual([])
  })

  test.each([
    ['did:web:a.test', 'no service id specified in proxy header'],
    ['did:web:a.test#', 'no service id specified in proxy header'],
    ['#bsky_appview', 'no did specified in proxy header'],
    ['did:web:a.test#b#c', 'invalid proxy header format'],
    ['a#b', 'invalid proxy header format'],
    ['did:web:a.test #b', 'proxy header cannot contain spaces'],
    ['did:web:nobody.test#b', 'could not resolve proxy did'],
    ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#b', 'could not resolve proxy did'],
    ['did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N#b', 'could not resolve proxy did'],
  ])('cannot be %s', async (header, message) => {
    const response = await host.call(TIMELINE, { headers: { 'atproto-proxy': header } })
    expect(await errorOf(response)).toEqual({ status: 400, error: 'InvalidRequest', message })
  })

  test('must have the address that it is asked for', async () => {
    const did = await host.register({ svc: other.url })
    const response = await host.call(TIMELINE, { headers: { 'atproto-proxy': `${did}#other` } })
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      message: 'could not resolve proxy did service url',
    })
  })

  test('is the one that the operator set for a namespace', async () => {
    expect((await host.call('com.example.large?size=3')).status).toBe(200)
    expect((await host.call('chat.bsky.convo.listConvos')).status).toBe(200)
    expect(host.appview.asked).toMatchObject([{ token: { lxm: 'chat.bsky.convo.listConvos' } }])
    const nowhere = await host.call('org.example.get')
    expect(await errorOf(nowhere)).toMatchObject({ message: 'could not resolve proxy did' })
    const refused = await host.call('app.bsky.video.getUploadLimits')
    expect(await errorOf(refused)).toMatchObject({ status: 501, error: 'MethodNotImplemented' })
  })

  test('that is not configured is an error that says so', async () => {
    expect(await errorOf(await host.call('tools.ozone.moderation.getEvent?id=1'))).toEqual({
      status: 400,
      error: 'InvalidRequest',
      message: 'No service configured for tools.ozone.moderation.getEvent',
    })
  })

  test('is the AppView for what nothing names, and nobody for whom nobody is signed in', async () => {
    const nsid = 'community.lexicon.calendar.listEvents'
    expect((await host.call(nsid)).status).toBe(200)
    expect(host.appview.asked).toMatchObject([{ nsid, token: { lxm: nsid } }])
    const anonymous = await fetch(`${host.server.origin}/xrpc/${nsid}`)
    expect(await errorOf(anonymous)).toMatchObject({ status: 401, error: 'AuthMissing' })
    // The AppView says itself what it does not know.
    expect(await errorOf(await host.call('net.example.get'))).toMatchObject({ status: 501 })
  })
})

describe('nothing is forwarded', () => {
  const named = { 'atproto-proxy': `${APPVIEW}#bsky_appview` }

  test.each([
    ['nobody', {}, 401, 'AuthMissing'],
    ['somebody with a broken token', { authorization: 'Bearer x.y.z' }, 400, 'InvalidToken'],
    ['the operator', { authorization: 'Basic YWRtaW46eA==' }, 400, 'InvalidToken'],
  ])('for %s', async (_, headers, status, error) => {
    const response = await fetch(`${host.server.origin}/xrpc/${TIMELINE}`, {
      headers: headers as Record<string, string>,
    })
    expect(await errorOf(response)).toMatchObject({ status, error })
    expect(host.appview.asked).toEqual([])
  })

  test('once the session is over, though its token is still good', async () => {
    const agent = new AtpAgent({ service: host.server.origin })
    await agent.login({ identifier: HANDLE, password: PASSWORD })
    const headers = { authorization: `Bearer ${agent.session?.accessJwt}` }
    expect((await host.call(TIMELINE, { headers })).status).toBe(200)
    await agent.logout()
    expect(await errorOf(await host.call(TIMELINE, { headers }))).toMatchObject({
      status: 400,
      error: 'ExpiredToken',
    })
    expect(host.appview.asked).toHaveLength(1)
  })

  test('of what belongs to the PDS, whatever the header or the capitals', async () => {
    for (const nsid of [
      'com.atproto.server.createAppPasswordNew',
      'com.atproto.server.GETSESSION',
      'com.atproto.admin.sendemail',
      'com.atproto.label.subscribelabels',
      'com.atproto.space.anything',
    ]) {
      const response = await host.call(nsid, { headers: named })
      expect(await errorOf(response), nsid).toMatchObject({ status: 501 })
    }
    const capitals = await host.call('COM.Atproto.Server.getSession', { headers: named })
    expect(await errorOf(capitals)).toMatchObject({ status: 400, error: 'InvalidRequest' })
    const { status } = await host.call('com.atproto.server.getSession', { headers: named })
    expect(status).toBe(200)
    expect(host.appview.asked).toEqual([])
  })

  test('of private messages for a plain app password', async () => {
    const plain = await appPassword(false)
    const refused = await host.call('chat.bsky.convo.listConvos', { headers: plain })
    expect(await errorOf(refused)).toEqual({
      status: 400,
      error: 'InvalidToken',
      message: 'Bad token method',
    })
    const headers = { ...plain, ...named }
    const hidden = await host.call('chat.bsky.group.notYetKnown', { headers })
    expect(await errorOf(hidden)).toMatchObject({ message: 'Bad token method' })
    const capitals = await host.call('CHAT.bsky.convo.listConvos', { headers })
    expect(await errorOf(capitals)).toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect((await host.call(TIMELINE, { headers: plain })).status).toBe(200)
    const privileged = await appPassword(true)
    const allowed = await host.call('chat.bsky.convo.listConvos', { headers: privileged })
    expect(allowed.status).toBe(200)
  })
})

test('an account that is deactivated still reads; one that was taken down does not', async () => {
  await host.agent.com.atproto.server.deactivateAccount({})
  expect((await host.call(TIMELINE)).status).toBe(200)
  await host.agent.com.atproto.server.activateAccount()
  const takenDown = await fetch(
    `${host.server.origin}/xrpc/com.atproto.admin.updateSubjectStatus`,
    {
      method: 'POST',
      headers: { authorization: operatorOf(host.server), 'content-type': 'application/json' },
      body: JSON.stringify({
        subject: { $type: 'com.atproto.admin.defs#repoRef', did: host.agent.did },
        takedown: { applied: true },
      }),
    },
  )
  expect(takenDown.status).toBe(200)
  host.appview.asked.length = 0
  expect(await errorOf(await host.call(TIMELINE))).toMatchObject({
    status: 400,
    error: 'ExpiredToken',
  })
  await host.agent.login({ identifier: HANDLE, password: PASSWORD, allowTakendown: true })
  expect(await errorOf(await host.call(TIMELINE))).toMatchObject({ message: 'Bad token scope' })
  expect(host.appview.asked).toEqual([])
})
