import { XRPCError } from '@atproto/xrpc-server'
import { beforeEach, describe, expect, test } from 'vitest'
import type { AccountIdentity } from '../../contracts/account/repository.ts'
import type { Fetch } from '../../kernel/net/guarded-fetch.ts'
import { IdentityCache, IdentityResolver, type ResolverParts } from './resolver.ts'

const PLC_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const OTHER_DID = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'
const PLC_URL = `https://plc.example.com/${encodeURIComponent(PLC_DID)}`
const WEB_DID = 'did:web:alice.example.net'
const WEB_URL = 'https://alice.example.net/.well-known/did.json'
const HANDLE = 'alice.example.net'
const DNS_URL = `https://dns.example.com/query?name=_atproto.${HANDLE}&type=TXT`
const WELL_KNOWN_URL = `https://${HANDLE}/.well-known/atproto-did`
const OWN_DID = 'did:web:own.pds.example.org'

type Answer = () => Response | Promise<Response>

let answers: Record<string, Answer>
let asked: string[]

const fetch: Fetch = async (url) => {
  asked.push(url)
  const answer = answers[url]
  if (!answer) throw new TypeError('no such host')
  return answer()
}

function resolver(changes: Partial<ResolverParts['config']> = {}): IdentityResolver {
  return new IdentityResolver({
    config: {
      plcUrl: 'https://plc.example.com',
      dohUrl: 'https://dns.example.com/query',
      reachPrivate: false,
      handleDomains: ['.pds.example.org'],
      serviceDid: 'did:web:pds.example.org',
      publicUrl: 'https://pds.example.org',
      appview: { did: 'did:web:view.example', id: 'bsky_appview', url: 'https://view.example' },
      ...changes,
    },
    operatorNames: { hasHandle: (handle) => handle === 'ozone.pds.example.org' },
    cache: new IdentityCache(),
    findAccount: async (name) =>
      [OWN_DID, 'own.pds.example.org', 'own.example.com'].includes(name)
        ? { did: OWN_DID }
        : undefined,
    identify: () => identifyOwn(),
    statusOf: async () => (await identifyOwn()).account.status,
    waitUntil: () => {},
    log: { info: () => {} },
    network: { public: fetch, operator: fetch },
  })
}

let identifyOwn: () => Promise<AccountIdentity>

const described = {
  account: { did: OWN_DID, handle: 'own.pds.example.org', status: 'active' },
  signingKey: 'did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N',
} as AccountIdentity

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const documentOf = (id: string, handle = HANDLE) => ({ id, alsoKnownAs: [`at://${handle}`] })
const txt = (...records: string[]) =>
  json({ Status: 0, Answer: records.map((data) => ({ type: 16, data })) })
const nothing = json({ Status: 3 })
const text = (body: string) => () => new Response(body)
const never = () => new Promise<Response>(() => {})
const endless = () =>
  new Response(
    new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024)) }),
  )

beforeEach(() => {
  answers = {}
  identifyOwn = async () => described
  asked = []
})

describe('the document of a DID', () => {
  test('comes from the PLC directory or from the host in its name, and is remembered', async () => {
    answers = { [PLC_URL]: json(documentOf(PLC_DID)), [WEB_URL]: json(documentOf(WEB_DID)) }
    const identity = resolver()
    for (const did of [PLC_DID, WEB_DID, PLC_DID, WEB_DID]) {
      expect(await identity.did(did)).toEqual(documentOf(did))
    }
    expect(asked).toEqual([PLC_URL, WEB_URL])
  })

  test('is fetched anew when that is asked for', async () => {
    answers = { [PLC_URL]: json(documentOf(PLC_DID)) }
    const identity = resolver()
    await identity.did(PLC_DID)
    answers = { [PLC_URL]: json(documentOf(PLC_DID, 'new.example.net')) }
    expect(await identity.did(PLC_DID)).toEqual(documentOf(PLC_DID))
    const fresh = await identity.did(PLC_DID, { fresh: true })
    expect(fresh).toEqual(documentOf(PLC_DID, 'new.example.net'))
    expect(await identity.did(PLC_DID)).toEqual(fresh)
  })

  test.each<[string, Answer, string]>([
    ['is unknown', json({ message: 'DID not registered' }, 404), 'DidNotFound'],
    ['has ended', json({ message: 'DID not available' }, 404), 'DidDeactivated'],
    ['has ended, in so many words', json({}, 410), 'DidDeactivated'],
    ["is somebody else's", json(documentOf(OTHER_DID)), 'DidNotFound'],
    ['is not a document', json([1, 2, 3]), 'DidNotFound'],
    ['is not JSON', text('<html>'), 'DidNotFound'],
    ['is huge', text(`"${'x'.repeat(100_000)}"`), 'DidNotFound'],
    ['has no end', endless, 'DidNotFound'],
    ['is said to be elsewhere', () => Response.redirect(WEB_URL), 'DidNotFound'],
    ['cannot be given now', json({}, 503), 'UpstreamFailure'],
  ])('is refused when it %s', async (_, answer, error) => {
    for (const [did, url] of [
      [PLC_DID, PLC_URL],
      [WEB_DID, WEB_URL],
    ] as const) {
      answers = { [url]: answer }
      await expect(resolver().did(did)).rejects.toMatchObject({ customErrorName: error })
    }
  })

  test('is not waited for longer than three seconds', async () => {
    answers = { [WEB_URL]: never }
    await expect(resolver().did(WEB_DID)).rejects.toMatchObject({
      customErrorName: 'UpstreamFailure',
      statusCode: 502,
    })
  })

  test('is not asked for again at once when there was none', async () => {
    answers = { [PLC_URL]: json({}, 404) }
    const identity = resolver()
    await expect(identity.did(PLC_DID)).rejects.toMatchObject({ kind: 'did-not-found' })
    await expect(identity.did(PLC_DID)).rejects.toMatchObject({ kind: 'did-not-found' })
    expect(asked).toHaveLength(1)
  })

  test.each([
    'did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N',
    'did:plc:short',
    'did:plc:../../etc',
    'did:web:localhost',
    'did:web:localhost%3A8080',
    'did:web:127.0.0.1',
    'did:web:printer.local',
    'did:web:alice.example.net:path',
    'did:web:alice.example.net%2Fpath',
    'did:web:user%40alice.example.net',
  ])('is not looked for under %s', async (did) => {
    await expect(resolver().did(did)).rejects.toMatchObject({ kind: 'did-not-found' })
    expect(asked).toEqual([])
  })

  test('is found on any port, and on this machine in development', async () => {
    const onPort = 'did:web:alice.example.net%3A8443'
    const local = 'did:web:localhost%3A3000'
    answers = {
      'https://alice.example.net:8443/.well-known/did.json': json(documentOf(onPort)),
      'http://localhost:3000/.well-known/did.json': json(documentOf(local)),
    }
    expect(await resolver().did(onPort)).toEqual(documentOf(onPort))
    expect(await resolver({ reachPrivate: true }).did(local)).toEqual(documentOf(local))
  })

  test('of this host and of its accounts is known without the network', async () => {
    const identity = resolver()
    expect(await identity.did('did:web:pds.example.org')).toMatchObject({
      service: [{ id: '#atproto_pds', serviceEndpoint: 'https://pds.example.org' }],
    })
    expect(await identity.did(OWN_DID)).toMatchObject({
      id: OWN_DID,
      alsoKnownAs: ['at://own.pds.example.org'],
    })
    expect(asked).toEqual([])
  })

  test('under a domain of this host, but of no account, is asked for in the network', async () => {
    const did = 'did:web:ozone.pds.example.org'
    const url = 'https://ozone.pds.example.org/.well-known/did.json'
    answers = { [url]: json(documentOf(did)) }
    expect(await resolver().did(did)).toEqual(documentOf(did))
    answers = { [url]: json({}, 404) }
    await expect(resolver().did(did)).rejects.toMatchObject({ kind: 'did-not-found' })
  })

  test('under a domain of this host that nobody else could know is looked for here only', async () => {
    const identity = resolver({ handleDomains: ['.test'], reachPrivate: true })
    await expect(identity.did('did:web:nobody.test')).rejects.toMatchObject({
      kind: 'did-not-found',
    })
    expect(asked).toEqual([])
  })
})

describe('a handle', () => {
  test.each<[string, Answer]>([
    ['in quotes', txt(`"did=${PLC_DID}"`)],
    ['without quotes', txt(`did=${PLC_DID}`)],
    ['in pieces', txt('"did=did:plc:" "aaaaaaaaaaaaaaaaaaaaaaaa"')],
    ['twice the same', txt(`"did=${PLC_DID}"`, `"did=${PLC_DID}"`)],
    ['among others', txt('"v=spf1 -all"', `"did=${PLC_DID}"`, '"did=nonsense"')],
  ])('leads to the DID that DNS gives, %s', async (_, answer) => {
    answers = { [DNS_URL]: answer, [WELL_KNOWN_URL]: text(OTHER_DID) }
    expect(await resolver().handle('Alice.Example.NET')).toBe(PLC_DID)
  })

  test('leads nowhere when DNS contradicts itself', async () => {
    answers = {
      [DNS_URL]: txt(`"did=${PLC_DID}"`, `"did=${OTHER_DID}"`),
      [WELL_KNOWN_URL]: text(PLC_DID),
    }
    expect(await resolver().handle(HANDLE)).toBeUndefined()
  })

  test('does not wait for the web server when DNS has answered', async () => {
    answers = { [DNS_URL]: txt(`"did=${PLC_DID}"`), [WELL_KNOWN_URL]: never }
    expect(await resolver().handle(HANDLE)).toBe(PLC_DID)
  })

  test.each<[string, Answer]>([
    ['knows nothing', nothing],
    ['cannot be asked', json({}, 500)],
    ['fails', json({ Status: 2 })],
    ['answers nonsense', json(null)],
  ])('leads to the DID that the web server gives when DNS %s', async (_, answer) => {
    answers = { [DNS_URL]: answer, [WELL_KNOWN_URL]: text(`${PLC_DID}\n`) }
    expect(await resolver().handle(HANDLE)).toBe(PLC_DID)
  })

  test('may be redirected by the web server, to public addresses', async () => {
    const www = 'https://www.example.net/did'
    answers = {
      [DNS_URL]: nothing,
      [WELL_KNOWN_URL]: () => Response.redirect(www),
      [www]: text(PLC_DID),
    }
    expect(await resolver().handle(HANDLE)).toBe(PLC_DID)
    answers[WELL_KNOWN_URL] = () => Response.redirect('https://10.0.0.1/did')
    answers['https://10.0.0.1/did'] = text(PLC_DID)
    expect(await resolver().handle(HANDLE)).toBeUndefined()
    expect(asked).not.toContain('https://10.0.0.1/did')
  })

  test.each<[string, Answer]>([
    ['has none', json({}, 404)],
    ['answers with a page', text('<html>')],
    ['answers without an end', endless],
  ])('leads nowhere when the web server %s', async (_, answer) => {
    answers = { [DNS_URL]: nothing, [WELL_KNOWN_URL]: answer }
    const identity = resolver()
    expect(await identity.handle(HANDLE)).toBeUndefined()
    expect(await identity.handle(HANDLE)).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  test('leads nowhere when nobody can be asked', async () => {
    expect(await resolver().handle(HANDLE)).toBeUndefined()
  })

  test('of an account of this host is known without the network, also under a foreign name', async () => {
    const identity = resolver()
    expect(await identity.handle('own.pds.example.org')).toBe(OWN_DID)
    expect(await identity.handle('own.example.com')).toBe(OWN_DID)
    expect(asked).toEqual([])
  })

  test.each([
    'nobody.pds.example.org',
    'printer.local',
    'alice.test',
    'alice.invalid',
    'alice',
    '127.0.0.1',
    'a b.example.com',
  ])('is not looked for in the network when it cannot be there: %s', async (handle) => {
    expect(await resolver().handle(handle)).toBeUndefined()
    expect(asked).toEqual([])
  })
})

describe('the AppView is asked for a handle', () => {
  const asking = `https://view.example/xrpc/com.atproto.identity.resolveHandle?handle=${HANDLE}`

  test('once, however often it is wanted', async () => {
    answers = { [asking]: json({ did: PLC_DID }) }
    const identity = resolver()
    expect(await identity.handleByAppView(HANDLE.toUpperCase())).toBe(PLC_DID)
    expect(await identity.handleByAppView(HANDLE)).toBe(PLC_DID)
    expect(asked).toEqual([asking])
    // It is no proof.
    expect(await identity.handle(HANDLE)).toBeUndefined()
  })

  test.each<[string, Answer]>([
    ['knows none', json({ error: 'InvalidRequest' }, 400)],
    ['answers with no DID', json({ did: 'alice' })],
    ['answers nonsense', json([])],
    ['answers null', json(null)],
    ['is broken', json({}, 500)],
    ['does not end', endless],
  ])('and may not help: it %s', async (_, answer) => {
    answers = { [asking]: answer }
    expect(await resolver().handleByAppView(HANDLE)).toBeUndefined()
  })

  test.each(['nobody.pds.example.org', 'printer.local', 'a b.example.com'])(
    'not about a name that it cannot know: %s',
    async (handle) => {
      expect(await resolver().handleByAppView(handle)).toBeUndefined()
      expect(asked).toEqual([])
    },
  )

  test('not where there is none', async () => {
    expect(await resolver({ appview: undefined }).handleByAppView(HANDLE)).toBeUndefined()
  })
})

test('a handle of an account here that is not active leads to nobody, where that counts', async () => {
  const { account } = described
  identifyOwn = async () => ({ ...described, account: { ...account, status: 'deactivated' } })
  const identity = resolver()
  expect(await identity.handle('own.pds.example.org')).toBe(OWN_DID)
  expect(await identity.handle('own.pds.example.org', { activeOnly: true })).toBeUndefined()
  await expect(identity.identify('own.pds.example.org')).rejects.toMatchObject({
    kind: 'handle-not-found',
  })
  identifyOwn = () => Promise.reject(new XRPCError(400, 'gone', 'RepoNotFound'))
  expect(await identity.handle('own.pds.example.org', { activeOnly: true })).toBeUndefined()
  identifyOwn = () => Promise.reject(new Error('the object is gone'))
  await expect(identity.handle('own.pds.example.org', { activeOnly: true })).rejects.toThrow('gone')
})

describe('an identity', () => {
  test('is the same from its handle and from its DID', async () => {
    answers = { [PLC_URL]: json(documentOf(PLC_DID)), [DNS_URL]: txt(`"did=${PLC_DID}"`) }
    const whole = { did: PLC_DID, handle: HANDLE, didDoc: documentOf(PLC_DID) }
    const identity = resolver()
    expect(await identity.identify(PLC_DID)).toEqual(whole)
    expect(await identity.identify(HANDLE)).toEqual(whole)
    expect(asked).toHaveLength(3)
    expect(await identity.identify(HANDLE, { fresh: true })).toEqual(whole)
    expect(asked.length).toBeGreaterThan(5)
  })

  test.each<[string, object]>([
    ['leads to somebody else', documentOf(PLC_DID)],
    ['leads nowhere', documentOf(PLC_DID, 'nobody.pds.example.org')],
    ['is malformed', documentOf(PLC_DID, 'not a handle')],
    ['is missing', { id: PLC_DID }],
  ])('has no valid handle when the one in its document %s', async (_, document) => {
    answers = { [PLC_URL]: json(document), [DNS_URL]: txt(`"did=${OTHER_DID}"`) }
    expect(await resolver().identify(PLC_DID)).toMatchObject({ handle: 'handle.invalid' })
  })

  test('is not found from a handle that leads nowhere', async () => {
    answers = { [DNS_URL]: nothing, [WELL_KNOWN_URL]: json({}, 404) }
    await expect(resolver().identify(HANDLE)).rejects.toMatchObject({
      statusCode: 400,
      customErrorName: 'HandleNotFound',
    })
  })

  test('is asked for again after it was forgotten', async () => {
    answers = { [PLC_URL]: json(documentOf(PLC_DID)) }
    const identity = resolver()
    await identity.did(PLC_DID)
    identity.invalidate(PLC_DID)
    await identity.did(PLC_DID)
    expect(asked).toHaveLength(2)
  })
})
