/** `/metrics` of a real host, read by programs on this machine and by Prometheus, where that is installed. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { hasPrometheus, promtool, startPrometheus } from '../support/prometheus.ts'
import { hasReverseProxy, PROXY_KINDS, startReverseProxy } from '../support/reverse-proxies.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const file = (path: string) => readFileSync(join(PROJECT, path), 'utf8')

let server: TestServer
let account: MadeAccount
beforeAll(async () => {
  server = await startServer({ env: { PDS_MEMORY_MB: '256' } })
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
})
afterAll(() => server.stop())

/** A sample's value by its name and labels, as it stands in the text. */
async function read(): Promise<Map<string, number>> {
  const response = await fetch(`${server.origin}/metrics`)
  expect(response.status).toBe(200)
  return new Map(
    (await response.text())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const space = line.lastIndexOf(' ')
        return [line.slice(0, space), Number(line.slice(space + 1))]
      }),
  )
}

const write = (body: object, token = account.accessJwt) =>
  fetch(`${server.origin}/xrpc/com.atproto.repo.applyWrites`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ repo: account.did, ...body }),
  })

const creation = (rkey: string) => ({
  $type: 'com.atproto.repo.applyWrites#create',
  collection: 'com.example.note',
  rkey,
  value: { text: rkey },
})

test('what is done is counted: requests, writes, events, refusals, consumers', async () => {
  // Those of two new accounts come later than the accounts.
  const before = await vi.waitFor(async () => {
    const now = await read()
    expect(now.get('cumulus_events_delivered_total')).toBe(8)
    return now
  })
  const consumer = await new FirehoseReader(server.origin).opened()
  expect((await write({ writes: [creation('a'), creation('b')] })).status).toBe(200)
  const removal = {
    $type: 'com.atproto.repo.applyWrites#delete',
    collection: 'com.example.note',
    rkey: 'a',
  }
  expect((await write({ writes: [removal] })).status).toBe(200)
  expect((await write({ writes: [] }, 'nobody')).status).toBe(400)
  const tooMuch = { writes: [{ ...creation('c'), value: { text: 'x'.repeat(3_000_000) } }] }
  expect((await write(tooMuch)).status).toBe(413)
  await consumer.until(({ events }) => events.length === 2)
  // They are sent before they are stored, which is when they are delivered.
  const after = await vi.waitFor(async () => {
    const now = await read()
    expect(now.get('cumulus_events_delivered_total')).toBe(10)
    expect(now.get('cumulus_outbox_events')).toBe(0)
    return now
  })
  const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  const method = 'method="com.atproto.repo.applyWrites"'
  expect(more(`cumulus_requests_total{${method},status="2xx"}`)).toBe(2)
  expect(more(`cumulus_requests_total{${method},status="4xx"}`)).toBe(2)
  expect(more(`cumulus_request_duration_seconds_count{${method}}`)).toBe(4)
  expect(more('cumulus_writes_total{action="create"}')).toBe(2)
  expect(more('cumulus_writes_total{action="delete"}')).toBe(1)
  expect(more('cumulus_commits_total')).toBe(2)
  expect(more('cumulus_events_delivered_total')).toBe(2)
  expect(more('cumulus_limits_hit_total{limit="size"}')).toBe(1)
  expect(after.get('cumulus_outbox_events')).toBe(0)
  consumer.close()
})

test('gauges are of some seconds ago at most, and say how the machine does', async () => {
  const consumer = await new FirehoseReader(server.origin).opened()
  await vi.waitFor(
    async () => expect((await read()).get('cumulus_firehose_consumers')).toBeGreaterThan(0),
    { interval: 500 },
  )
  consumer.close()
  const metrics = await read()
  expect(metrics.get('cumulus_accounts')).toBeGreaterThan(0)
  expect(metrics.get('cumulus_disk_size_bytes')).toBeGreaterThan(
    metrics.get('cumulus_disk_free_bytes') ?? Number.POSITIVE_INFINITY,
  )
  expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(20_000_000)
  expect(metrics.get('cumulus_restarts_total')).toBe(0)
  expect(metrics.get('cumulus_objects{object="account"}')).toBeGreaterThan(0)
  expect(metrics.get('cumulus_objects{object="sequencer"}')).toBeGreaterThan(0)
})

test('what strangers make up has one place together, however much it is', async () => {
  const made = (n: number) => [
    `/xrpc/com.example.made${n}`,
    `/xrpc/made-up-${n}`,
    `/made/up/${n}`,
    `/xrpc/__proto__${n}`,
    '/xrpc/constructor',
  ]
  for (const path of made(0)) await fetch(`${server.origin}${path}`)
  const size = (await read()).size
  for (let n = 1; n < 20; n++)
    await Promise.all(made(n).map((path) => fetch(`${server.origin}${path}`)))
  const metrics = await read()
  expect(metrics.size).toBe(size)
  expect(metrics.get('cumulus_requests_total{method="other",status="4xx"}')).toBeGreaterThan(30)
})

describe('without credentials it is for this machine only', () => {
  const status = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      request(`${server.origin}/metrics`, { headers }, (message) => {
        message.resume()
        resolve(message.statusCode)
      })
        .on('error', reject)
        .end()
    })

  test('asked directly, by a name of it', async () => {
    expect(await status({ host: 'localhost' })).toBe(200)
    expect(await status({ host: 'pds.example.com' })).toBe(403)
    expect(await status({ 'x-forwarded-for': '127.0.0.1' })).toBe(401)
  })

  test.each(PROXY_KINDS)('and not through %s', async (kind) => {
    if (!hasReverseProxy(kind)) return
    const proxy = await startReverseProxy(kind, server.origin)
    try {
      const response = await fetch(`${proxy.origin}/metrics`)
      expect([response.status, await response.text()]).toEqual([
        401,
        expect.not.stringContaining('cumulus_'),
      ])
    } finally {
      await proxy.stop()
    }
  })
})

test('JavaScript has no more memory than the settings give it', () => {
  expect(readFileSync(join(server.dataDirectory, 'workerd.capnp'), 'utf8')).toContain(
    '"--max-old-space-size=256"',
  )
})

describe('what reads them', () => {
  const namesIn = (text: string) => new Set(text.match(/\b(cumulus|process)_[a-z_]+/g) ?? [])

  /** Names of samples, as queries have them. */
  const known = async () =>
    new Set([...(await read()).keys()].map((name) => name.replace(/\{.*/, '')))

  test('alerts and the dashboard ask for what there is, and the page explains all of it', async () => {
    const samples = await known()
    for (const path of ['deploy/prometheus/alerts.yml', 'deploy/grafana/cumulus.json']) {
      for (const name of namesIn(file(path)))
        expect([path, [...samples]]).toEqual([path, expect.arrayContaining([name])])
    }
    const explained = namesIn(file('docs/metrics.md'))
    const families = [...samples].map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    expect(families.filter((name) => !explained.has(name))).toEqual([])
  })

  test('each alert has a section in the page about trouble', () => {
    const alerts = [...file('deploy/prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)]
    const page = file('docs/troubleshooting.md')
    expect(alerts.length).toBeGreaterThan(10)
    for (const [, name = ''] of alerts) {
      expect(page).toContain(`\n### ${name}\n`)
      expect(file('deploy/prometheus/alerts.yml')).toContain(
        `runbook: docs/troubleshooting.md#${name.toLowerCase()}`,
      )
    }
  })

  test.runIf(hasPrometheus)('promtool finds nothing wrong with them', async () => {
    const text = await (await fetch(`${server.origin}/metrics`)).text()
    expect(promtool(['check', 'metrics'], text)).toBe('')
    const folder = join(PROJECT, 'deploy/prometheus')
    expect(promtool(['check', 'config', `${folder}/prometheus.yml`])).toContain('is valid')
    expect(promtool(['test', 'rules', `${folder}/alerts.test.yml`])).toContain('SUCCESS')
  })

  test.runIf(hasPrometheus)('Prometheus reads them, and has no alert', async () => {
    const prometheus = await startPrometheus(new URL(server.origin).host)
    try {
      await vi.waitFor(
        async () => expect(await prometheus.query('cumulus_up', 'part')).toMatchObject({ mail: 1 }),
        { interval: 200 },
      )
      expect(await prometheus.lastError()).toBe('')
      expect(await prometheus.query('cumulus_build_info', 'version')).toEqual({ '0.1.0': 1 })
      expect(await prometheus.query('ALERTS{alertstate="firing"}', 'alertname')).toEqual({})
    } finally {
      await prometheus.stop()
    }
  })
})
