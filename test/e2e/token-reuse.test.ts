/** Service tokens that a service is shown more than once, and those that nobody is shown twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startAppView, type TestService } from '../support/appview.ts'
import { APPVIEW, type ProxyHost, startProxyHost } from '../support/proxy.ts'
import { HANDLE, PASSWORD } from '../support/server.ts'

const CUSTOM = 'did:web:custom.test'
const TIMELINE = 'app.bsky.feed.getTimeline'

/** The token with which the last request came to a service. */
const lastOf = ({ asked }: TestService) => String(asked.at(-1)?.headers.authorization)

describe('an AppView that takes a token again', () => {
  let host: ProxyHost
  let other: TestService

  beforeAll(async () => {
    other = await startAppView({ did: CUSTOM, keyOf: (did) => host.keyOf(did) })
    host = await startProxyHost((appview) => ({
      PDS_PROXY_ROUTES: `community.lexicon.*=${CUSTOM}#svc@${other.url}`,
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

  const ask = async (path: string, service = host.appview, init: RequestInit = {}) => {
    expect((await host.call(path, init)).status).toBe(200)
    return lastOf(service)
  }

  test('is shown the same one, for each method another', async () => {
    const first = await ask(TIMELINE)
    expect(await ask(`${TIMELINE}?limit=7`)).toBe(first)
    const { url, headers } = (await (await host.call('com.example.echo')).json()) as {
      url: string
      headers: Record<string, string>
    }
    expect(url).toBe('/xrpc/com.example.echo')
    expect(headers.authorization).toMatch(/^Bearer /)
    expect(headers.authorization).not.toBe(first)
    expect(await ask(TIMELINE)).toBe(first)
  })

  test('is shown a new one with what is no question', async () => {
    const init = {
      method: 'POST',
      body: JSON.stringify({ serviceDid: APPVIEW, token: 'x', platform: 'web', appId: 'a.b' }),
      headers: { 'content-type': 'application/json' },
    }
    const push = 'app.bsky.notification.registerPush'
    expect(await ask(push, host.appview, init)).not.toBe(await ask(push, host.appview, init))
  })

  test.each([
    ['the chat service, unless the operator says so', 'chat.bsky.convo.listConvos', true],
    ['a service of a setting', 'community.lexicon.calendar.listEvents', false],
  ])('is alone with that: not so %s', async (_, nsid, isAppview) => {
    const service = isAppview ? host.appview : other
    expect(await ask(nsid, service)).not.toBe(await ask(nsid, service))
  })

  test('is shown none that somebody was given by getServiceAuth, and nobody is given its own', async () => {
    const shown = await ask(TIMELINE)
    const give = async () => {
      const input = { aud: APPVIEW, lxm: TIMELINE }
      return `Bearer ${(await host.agent.com.atproto.server.getServiceAuth(input)).data.token}`
    }
    const given = [await give(), await give(), shown, await ask(TIMELINE)]
    expect(new Set(given).size).toBe(3)
  })

  test('is shown one of the new key once the key was changed', async () => {
    const { origin } = host.server
    const post = async (nsid: string, input: object, headers = {}) =>
      fetch(`${origin}/xrpc/${nsid}`, {
        method: 'POST',
        body: JSON.stringify(input),
        headers: { 'content-type': 'application/json', ...headers },
      })
    const before = await ask(TIMELINE)
    const did = host.agent.assertDid
    const reserved = await post('com.atproto.server.reserveSigningKey', { did })
    const { signingKey } = (await reserved.json()) as { signingKey: string }
    const operator = { authorization: operatorOf(host.server) }
    const update = 'com.atproto.admin.updateAccountSigningKey'
    expect((await post(update, { did, signingKey }, operator)).status).toBe(200)
    // It verifies what it is shown by the key in the DID document.
    expect(await ask(TIMELINE)).not.toBe(before)
  })

  test('is shown none once the session is over, and another one in the next', async () => {
    const before = await ask(TIMELINE)
    host.appview.asked.length = 0
    const closed = { authorization: `Bearer ${host.agent.session?.accessJwt}` }
    await host.agent.logout()
    expect((await host.call(TIMELINE, { headers: closed })).status).toBe(400)
    expect(host.appview.asked).toEqual([])
    await host.agent.login({ identifier: HANDLE, password: PASSWORD })
    expect(await ask(TIMELINE)).not.toBe(before)
  })
})

test('an AppView that takes each token once is asked again with a new one, and from then on with new ones only', async () => {
  const host = await startProxyHost(undefined, { takesOnce: true })
  try {
    const counts: number[] = []
    for (let at = 0; at < 4; at += 1) {
      host.appview.asked.length = 0
      expect((await host.call(TIMELINE)).status).toBe(200)
      counts.push(host.appview.asked.length)
    }
    expect(counts).toEqual([1, 2, 1, 1])
  } finally {
    await host.stop()
  }
})

test('where the operator wants none to be shown twice, none is', async () => {
  const host = await startProxyHost(() => ({ PDS_REUSE_SERVICE_TOKENS: 'none' }))
  try {
    const ask = async () => {
      await host.call(TIMELINE)
      return lastOf(host.appview)
    }
    expect(await ask()).not.toBe(await ask())
  } finally {
    await host.stop()
  }
})
