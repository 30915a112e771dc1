/** Requests to others say who sends them, whatever part of the host it is. Only the others are stood in for. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { version } from '../package.json'
import { withRequest } from './context/current-request.ts'
import { createRequestContext } from './context/request.ts'
import { type Services, servicesOf } from './context/services.ts'
import { createLogger } from './kernel/log.ts'
import { clientFetch } from './oauth/client-fetch.ts'
import { type ForeignSite, foreignSite, jsonPage } from './testing/foreign-site.ts'
import { makeAccount, send } from './testing/host.ts'

const services = servicesOf(env)
const DNS = 'https://cloudflare-dns.com/dns-query'
const PLC = 'http://127.0.0.1:9'
const PUBLISHER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const SERVICE = 'did:web:service.example.com'

let site: ForeignSite
beforeEach(() => {
  site = foreignSite()
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What one part of the host asks of others; the answers do not matter. */
async function ask(work: (services: Services) => Promise<unknown>): Promise<void> {
  const waits: Promise<unknown>[] = []
  const waitUntil = (more: Promise<unknown>) => void waits.push(more)
  const request = new Request('https://pds.test/')
  const context = createRequestContext(request, services.config, createLogger({}), { waitUntil })
  await withRequest(context, async () => {
    await work(services).catch(() => undefined)
    await Promise.allSettled(waits)
  })
}

/** Every request had this host's name in it, and these were among them, by the beginnings of their addresses. */
function expectNamed(...urls: string[]): void {
  for (const url of urls) {
    const isThere = site.asked.some((asked) => asked.startsWith(url))
    expect(isThere, `${url} among ${site.asked}`).toBe(true)
  }
  const { publicUrl } = services.config
  expect(new Set(site.userAgents)).toEqual(new Set([`cumulus/${version} (+${publicUrl})`]))
}

test('the resolution of a handle', async () => {
  await ask(({ identity }) => identity.handle('somebody.example.com'))
  expectNamed(DNS, 'https://somebody.example.com/.well-known/atproto-did')
})

test('the resolution of DIDs', async () => {
  await ask(({ identity }) => identity.did('did:web:somebody.example.com'))
  await ask(({ identity }) => identity.did('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'))
  expectNamed('https://somebody.example.com/.well-known/did.json', `${PLC}/did%3Aplc%3Abbbb`)
})

test('operations in the PLC directory', async () => {
  await ask(({ plc }) => plc.tombstone('did:plc:cccccccccccccccccccccccc'))
  expectNamed(`${PLC}/did%3Aplc%3Acccc`)
})

test('the resolution of a lexicon', async () => {
  const txt = { Status: 0, Answer: [{ type: 16, data: `did=${PUBLISHER}` }] }
  const query = new URLSearchParams({ name: '_lexicon.book.example.com', type: 'TXT' })
  site.pages[`${DNS}?${query}`] = jsonPage(txt)
  site.pages[`${PLC}/${encodeURIComponent(PUBLISHER)}`] = jsonPage({
    id: PUBLISHER,
    verificationMethod: [
      {
        id: `${PUBLISHER}#atproto`,
        type: 'Multikey',
        controller: PUBLISHER,
        publicKeyMultibase: 'zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N',
      },
    ],
    service: [
      {
        id: '#atproto_pds',
        type: 'AtprotoPersonalDataServer',
        serviceEndpoint: 'https://pds.example.org',
      },
    ],
  })
  await ask(({ lexicons }) => lexicons.lexicon('com.example.book.entry', '192.0.2.1'))
  expectNamed(DNS, PLC, 'https://pds.example.org/xrpc/com.atproto.sync.getRecord')
})

test('what apps publish about themselves', async () => {
  const id = 'https://named-app.example.com/client-metadata.json'
  await ask((all) => clientFetch(all)(id))
  expectNamed(id)
})

test('forwarded requests, which do not have the name of the client', async () => {
  const { accessJwt } = await makeAccount()
  site.pages['https://service.example.com/.well-known/did.json'] = jsonPage({
    id: SERVICE,
    service: [{ id: '#feeds', type: 'Feeds', serviceEndpoint: 'https://feeds.example.com' }],
  })
  site.pages['https://feeds.example.com/xrpc/app.bsky.feed.getTimeline'] = jsonPage({ feed: [] })
  const response = await send('/xrpc/app.bsky.feed.getTimeline', {
    headers: {
      authorization: `Bearer ${accessJwt}`,
      'atproto-proxy': `${SERVICE}#feeds`,
      'user-agent': 'an app',
    },
  })
  expect(response.status).toBe(200)
  expectNamed(
    'https://service.example.com/.well-known/did.json',
    'https://feeds.example.com/xrpc/app.bsky.feed.getTimeline',
  )
})
