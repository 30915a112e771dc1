import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import { send } from '../../testing/host.ts'
import { type Health, health } from './health.ts'
import { statusPage } from './page.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const quiet: Health['firehose'] = {
  head: 0,
  accounts: 3,
  consumers: 0,
  behind: 0,
  lastEventAt: null,
  relays: [],
}
const configOf = (hostname: string) => {
  const config = readConfig({ ...env })
  return { ...config, hostname, branding: { ...config.branding, name: hostname } }
}
const show = async (firehose: Partial<Health['firehose']>, hostname = 'pds.test') =>
  String(
    await statusPage(
      configOf(hostname),
      { version: '1', firehose: { ...quiet, ...firehose } },
      now,
    ),
  )

test('a host where something was published and nobody listens says so at the top', async () => {
  const page = await show({ head: 7, lastEventAt: '2026-11-21T09:00:00Z' })
  expect(page).toContain('<title>Nobody is listening')
  expect(page).toContain('role="alert"')
  expect(page).toContain('3 hours ago')
  expect(page).toContain('asks no relay')
})

test('a host where nothing was published yet is not warned about', async () => {
  const page = await show({})
  expect(page).not.toContain('role="alert"')
  expect(page).toContain('nothing was published yet')
})

test('a host with listeners says how many there are and how far the slowest is behind', async () => {
  const page = await show({ consumers: 2, behind: 30, lastEventAt: '2026-11-21T11:59:50Z' })
  expect(page).not.toContain('role="alert"')
  expect(page).toContain('2 consumers')
  expect(page).toContain('30 events are still to be sent')
  expect(page).toContain('less than a minute ago')
})

test('each relay is listed with when it was asked and what it said', async () => {
  const page = await show({
    relays: [
      { url: 'https://a.test', askedAt: '2026-11-21T11:48:00Z', outcome: 'answered 503' },
      { url: 'https://b.test', askedAt: null, outcome: null },
    ],
  })
  expect(page).toMatch(/https:\/\/a\.test: last asked .*12 minutes ago.*; answered 503\./)
  expect(page).toContain('https://b.test: not asked to crawl this host yet.')
})

test('what a relay said is escaped', async () => {
  const relay = {
    url: 'https://a.test',
    askedAt: '2026-11-21T11:48:00Z',
    outcome: 'answered 403: <b>',
  }
  expect(await show({ relays: [relay] })).toContain('; answered 403: &lt;b&gt;.')
})

test('what comes from settings is escaped', async () => {
  expect(await show({}, '<script>')).not.toContain('<script>')
})

test('the health answer hides what a relay URL has in it besides its origin', () => {
  const relay = {
    url: 'https://user:secret@a.test/x',
    askedAt: 0,
    outcome: 'accepted',
    failures: 0,
  }
  const { firehose } = health({ ...quiet, lastEventAt: 5, relays: [relay] })
  expect(firehose).toMatchObject({
    lastEventAt: '1970-01-01T00:00:00.005Z',
    relays: [{ url: 'https://a.test', askedAt: '1970-01-01T00:00:00.000Z', outcome: 'accepted' }],
  })
})

test('the health answer and the status page are served', async () => {
  const answer = await send('/xrpc/_health')
  expect(await answer.json()).toMatchObject({
    version: expect.any(String),
    firehose: { head: expect.any(Number), consumers: 0, behind: 0, relays: [] },
  })
  const page = await send('/status')
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('<strong>localhost</strong>')
})
