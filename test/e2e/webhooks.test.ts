/**
 * Webhooks on the real host: a service outside verifies each token as a stranger would, takes, refuses, is away and comes back;
 * the host is killed meanwhile.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { findFaults } from '../support/axe.ts'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { runCumulus } from '../support/command.ts'
import { makeOperator } from '../support/operator.ts'
import { startServer, type TestServer } from '../support/server.ts'

const NOTE = 'com.example.notes.note'
const OTHER = 'com.example.other.thing'
const METHOD = 'com.example.notes.receiveWrite'
const AUDIENCE = 'did:web:notes.example.com'

interface Told {
  id: string
  attempt: number
  action: string
  did: string
  uri: string
  rev: string
  record?: { text: string }
}

let service: Server
let told: Told[]
/** What it answers. */
let answer: (told: Told) => number
let server: TestServer
let accounts: MadeAccount[]

const start = (from?: TestServer) =>
  startServer({
    env: { PDS_RATE_LIMITS_ENABLED: 'false', PDS_DISABLE_SSRF_PROTECTION: 'false' },
    ...(from && {
      dataDirectory: from.dataDirectory,
      port: Number(new URL(from.origin).port),
    }),
  })

beforeAll(async () => {
  service = createServer(async (request, response) => {
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
    let body = ''
    for await (const chunk of request) body += chunk
    const one = JSON.parse(body) as Told
    try {
      const { iss } = await verifyJwt(token, AUDIENCE, METHOD, keyOf)
      if (iss !== one.did) throw new Error('another account')
    } catch {
      response.writeHead(401).end()
      return
    }
    const status = answer(one)
    if (status === 200) told.push(one)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: 'NotThatOne' }))
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  server = await start()
  accounts = await makeAccounts(server, 2)
}, 120_000)

afterAll(async () => {
  await server?.stop()
  service?.close()
})

beforeEach(() => {
  told = []
  answer = () => 200
})

async function keyOf(did: string): Promise<string> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.describeRepo?repo=${did}`)
  const { didDoc } = (await response.json()) as {
    didDoc: { verificationMethod: { type: string; publicKeyMultibase: string }[] }
  }
  const [method] = didDoc.verificationMethod
  expect(method?.type).toBe('Multikey')
  return `did:key:${method?.publicKeyMultibase}`
}

const cumulus = (...args: string[]) =>
  runCumulus(['webhooks', ...args], {
    PDS_DATA_DIRECTORY: server.dataDirectory,
    PDS_PORT: new URL(server.origin).port,
  })

const address = () => `http://127.0.0.1:${(service.address() as AddressInfo).port}/xrpc/${METHOD}`

/** Adds one for the rest of a test. @returns its number */
async function addWebhook(collections = NOTE): Promise<string> {
  const given = ['--collections', collections, '--audience', AUDIENCE, '--private']
  const { code, output } = await cumulus('add', address(), ...given)
  expect(output).toMatch(/^webhook \d+ is told of what is written from now on\n$/)
  expect(code).toBe(0)
  const id = output.split(' ')[1] ?? ''
  onTestFinished(async () => {
    expect(await cumulus('remove', id, '--yes')).toEqual({
      code: 0,
      output: `webhook ${id} is ended\n`,
    })
  })
  return id
}

const call = (account: MadeAccount, method: string, body: object) =>
  fetch(`${server.origin}/xrpc/com.atproto.repo.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'application/json' },
    body: JSON.stringify({ repo: account.did, validate: false, ...body }),
  })

async function write(place: number, text: string, collection = NOTE): Promise<string> {
  const record = { $type: collection, text }
  const response = await call(accounts[place] as MadeAccount, 'createRecord', {
    collection,
    record,
  })
  const { uri } = (await response.json()) as { uri: string }
  expect(response.status).toBe(200)
  return uri
}

const texts = () => told.map(({ record }) => record?.text)

test('each write is told with a token of its account, in order, and nothing of other collections', async () => {
  const id = await addWebhook('com.example.notes.*')
  const uri = await write(0, 'one')
  await write(0, 'other', OTHER)
  await write(0, 'two')
  await call(accounts[0] as MadeAccount, 'deleteRecord', {
    collection: NOTE,
    rkey: uri.split('/').at(-1),
  })
  await vi.waitFor(() => expect(told).toHaveLength(3))
  expect(told).toMatchObject([
    { action: 'create', did: accounts[0]?.did, uri, attempt: 1, record: { text: 'one' } },
    { action: 'create', record: { text: 'two' } },
    { action: 'delete', uri },
  ])
  expect(told[2]).not.toHaveProperty('record')
  expect(new Set(told.map((one) => one.id)).size).toBe(3)
  const listed = await cumulus('list')
  expect(listed.output).toContain(`${id}  ${address()}  has all`)
  expect(listed.output).toContain(`tokens for ${AUDIENCE}, ${METHOD}; 3 taken`)
  expect((await cumulus('test', id, accounts[1]?.handle ?? '')).output).toMatch(
    /^taken: status 200, after \d+ ms\n$/,
  )
  expect(told.at(-1)).toMatchObject({ action: 'test', did: accounts[1]?.did })
})

test('one that is away gets all when it is back, in order, also when the host was killed meanwhile', async () => {
  const id = await addWebhook()
  let asked = 0
  answer = () => {
    asked++
    return 503
  }
  const sent = ['a', 'b', 'c']
  for (const text of sent) await write(0, text)
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1))
  expect((await cumulus('list')).output).toMatch(
    /fails since .*: It answered 503 NotThatOne, tried/,
  )
  await server.stop('SIGKILL')
  // From now on: the longer it has been away, the later it is tried again.
  answer = () => 200
  server = await start(server)
  await write(1, 'd')
  await vi.waitFor(() => expect(texts().toSorted()).toEqual([...sent, 'd']))
  expect(texts().filter((text) => text !== 'd')).toEqual(sent)
  await vi.waitFor(async () => expect((await cumulus('list')).output).toContain('has all'))
  const metrics = await fetch(`${server.origin}/metrics`, {
    headers: { authorization: operatorOf(server) },
  })
  expect(await metrics.text()).toMatch(/cumulus_webhooks_total\{outcome="delivered"\} [1-9]/)
  expect((await cumulus('pause', id)).output).toBe(`webhook ${id} is paused\n`)
  told = []
  await write(0, 'while it is paused')
  expect((await cumulus('list')).output).toContain('paused: by the operator')
  expect(told).toEqual([])
  await cumulus('resume', id)
  await vi.waitFor(() => expect(texts()).toEqual(['while it is paused']))
})

test('what it refuses keeps back its account only, and 410 pauses it', async () => {
  const id = await addWebhook()
  answer = ({ record }) => (record?.text === 'poison' ? 422 : record?.text === 'end' ? 410 : 200)
  await write(0, 'poison')
  await write(0, 'behind')
  await write(1, 'beside')
  await vi.waitFor(() => expect(texts()).toContain('beside'))
  expect(texts()).not.toContain('behind')
  answer = ({ record }) => (record?.text === 'end' ? 410 : 200)
  await vi.waitFor(() => expect(texts()).toEqual(['beside', 'poison', 'behind']))
  await write(0, 'end')
  await vi.waitFor(async () =>
    expect((await cumulus('list')).output).toContain('paused: It answered 410 NotThatOne'),
  )
  answer = () => 200
  await cumulus('resume', id)
  await vi.waitFor(() => expect(texts()).toContain('end'))
})

test('what cannot be one is refused with the reason', async () => {
  const given = ['--collections', NOTE]
  const said = async (...args: string[]) => (await cumulus('add', ...args)).output
  expect(await said(address(), ...given, '--audience', AUDIENCE)).toContain('--private')
  expect(await said('https://a:b@notes.example.com/', ...given)).toContain('credentials')
  expect(await said('https://notes.example.com/hook', ...given)).toContain('The method is an NSID')
  expect(await said('https://notes.example.com/', '--collections', 'notes')).toContain('an NSID')
  expect((await cumulus('list')).output).toBe('This host has no webhooks.\n')
  expect((await cumulus('pause', '7')).output).toContain('There is no webhook 7')
})

test.skipIf(lacksChromium())(
  'operators see in the console how each is doing, and add and end one',
  { timeout: 120_000 },
  async () => {
    await addWebhook()
    answer = () => 500
    await write(0, 'not taken')
    const operator = await makeOperator(server)
    const browser = await startChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints = complaintsOf(page)
    const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click()
    await page.goto(`${server.origin}/admin/webhooks`)
    await page.getByLabel('Handle or email address').fill(operator.handle)
    await page.getByLabel('Password').fill(operator.password)
    await press('Sign in with the password')
    await page.getByLabel('Code').fill(operator.recovery.pop() ?? '')
    await press('Sign in')
    await page.getByText('It answered 500 NotThatOne').waitFor()
    await page
      .getByLabel('Address', { exact: true })
      .fill('https://app.example.com/xrpc/com.example.take')
    await page
      .getByLabel('Collections', { exact: true })
      .fill('com.example.notes.* com.example.other.thing')
    await press('Add')
    await page.getByRole('status').getByText('It is told of what is written').waitFor()
    await keepLooks(page, 'console-webhooks')
    await page.setViewportSize({ width: 320, height: 640 })
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBe(0)
    expect(await findFaults(page)).toEqual([])
    await press(/^Remove: webhook \d+, app.example.com$/)
    await page.getByRole('status').getByText('It is told of nothing any more').waitFor()
    expect(await page.getByText('app.example.com').count()).toBe(0)
    expect(complaints).toEqual([])
    answer = () => 200
  },
)
