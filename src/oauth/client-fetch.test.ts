/** Documents of apps: strangers cannot use up what honest people need. Only the apps' sites are stood in for. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withRequest } from '../context/current-request.ts'
import { RequestLimits } from '../context/limits/request-limits.ts'
import { createRequestContext } from '../context/request.ts'
import { servicesOf } from '../context/services.ts'
import { createLogger } from '../kernel/log.ts'
import { type ForeignSite, foreignSite, jsonPage } from '../testing/foreign-site.ts'
import { clientFetch } from './client-fetch.ts'

const services = servicesOf(env)
const MINUTES_5 = 5 * 60 * 1000

let site: ForeignSite
let made = 0
let app: { host: string; id: string; keys: string }

beforeEach(() => {
  site = foreignSite()
  const host = `app-${made++}.example.com`
  app = { host, id: `https://${host}/client.json`, keys: `https://${host}/keys.json` }
  site.pages[app.id] = jsonPage({ client_id: app.id, jwks_uri: app.keys })
  site.pages[app.keys] = jsonPage({ keys: [] })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** What becomes of a fetch that a request from `from` leads to: a status, or what it is refused with. */
async function ask(from: string, url: string): Promise<number | string> {
  const request = new Request('https://pds.test/oauth/par')
  const waits: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => void waits.push(work)
  const context = createRequestContext(request, services.config, createLogger({}), { waitUntil })
  const limited = { ...context, limits: new RequestLimits(true), clientNetwork: from }
  const outcome = await withRequest(limited, () => clientFetch(services)(url)).then(
    ({ status }) => status,
    (error: Error) => error.message,
  )
  await Promise.allSettled(waits)
  return outcome
}

const TOO_MANY = 'Too many documents of apps were asked for'

async function flood(networks: string[], each: number): Promise<void> {
  for (const from of networks) {
    for (let n = 0; n < each; n++) await ask(from, `https://${app.host}/${from}-${n}`)
  }
}
const addresses = (count: number) => Array.from({ length: count }, (_, n) => `198.51.${made}.${n}`)

test('documents are fetched for a network so many times, and no more', async () => {
  for (let n = 0; n < 80; n++) await ask('203.0.113.77', `https://other-${n}.example.com/a.json`)
  expect(site.asked).toHaveLength(60)
  expect(await ask('203.0.113.77', app.id)).toBe(TOO_MANY)
})

test('some networks that invent addresses do not keep others from an app', async () => {
  await flood(addresses(5), 61)
  expect(site.asked).toHaveLength(5 * 20)
  expect(await ask(`203.0.${made}.1`, app.id)).toBe(200)
  expect(await ask(`203.0.${made}.1`, app.keys)).toBe(200)
})

test('networks of one IPv6 site have one share of a host', async () => {
  await flood(
    Array.from({ length: 20 }, (_, n) => `2001:db8:${made}:${n}::/64`),
    20,
  )
  expect(site.asked).toHaveLength(20)
})

test('an app that was seen before is let through, however many ask', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  expect(await ask(`203.0.${made}.1`, app.id)).toBe(200)
  vi.setSystemTime(Date.now() + 2 * MINUTES_5)
  await flood(addresses(20), 21)
  expect(site.asked).toHaveLength(1 + 300)
  expect(await ask(`203.0.${made}.1`, `https://${app.host}/another.json`)).toBe(TOO_MANY)
  expect(await ask(`203.0.${made}.1`, app.id)).toBe(200)
  expect(await ask(`203.0.${made}.1`, app.keys)).toBe(200)
})

test('and so is one that somebody here uses, also where it was not seen yet', async () => {
  const did = 'did:web:uses-it.test'
  const epoch = await services.oauth.accounts.epoch(did)
  await services.oauth.clients.authorize(did, app.id, ['atproto'], epoch)
  await flood(addresses(20), 21)
  expect(await ask(`203.0.${made}.1`, app.id)).toBe(200)
  expect(await ask(`203.0.${made}.1`, app.keys)).toBe(200)
})

test('what is no metadata of that address is not known for having been there', async () => {
  const page = (n: number) => `https://${app.host}/page-${n}`
  for (let n = 0; n < 25; n++) site.pages[page(n)] = jsonPage({ client_id: app.id })
  for (let n = 0; n < 20; n++) expect(await ask(`203.0.${made}.9`, page(n))).toBe(200)
  expect(await ask(`203.0.${made}.9`, page(0))).toBe(TOO_MANY)
})
