/** The console's pages about the host, in a browser: relays, mail, settings, sign-ups, moderation, overview. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { findFaults } from '../support/axe.ts'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { makeOperator, type TestOperator } from '../support/operator.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PNG } from '../support/png.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Pages take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const PATHS = [
  'overview',
  'sign-ups',
  'moderation',
  'moderation/reports',
  'moderation/log',
  'moderation/blob',
  'relays',
  'mail',
  'collections',
  'jobs',
  'webhooks',
  'settings',
]

describe.skipIf(lacksChromium())('in a browser', () => {
  let server: TestServer
  let relay: Server
  let plc: TestPlc
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let origin: string
  let operator: TestOperator
  let complaints: string[]

  beforeAll(async () => {
    relay = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      if (request.method === 'POST') {
        response.statusCode = 400
        response.end(JSON.stringify({ error: 'HostBanned', message: '<script>alert(1)</script>' }))
      } else response.end(JSON.stringify({ status: 'banned<b>', seq: 1, accountCount: 2 }))
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    plc = await startPlc()
    server = await startServer({
      env: {
        PDS_FIREHOSE_MAX_UNREAD: '33554432',
        PDS_DID_PLC_URL: plc.url,
        PDS_REGISTRATION: 'approval',
        // A name of this machine, which relays are asked to crawl all the same.
        PDS_HOSTNAME: 'pds.localhost',
        PDS_CRAWLERS: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
        PDS_CONTACT_EMAIL_ADDRESS: 'me@pds.test',
        PDS_SERVICE_HANDLE_DOMAINS: '.test',
      },
    })
    origin = server.origin.replace('127.0.0.1', 'pds.localhost')
    operator = await makeOperator(server)
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await plc?.stop()
    relay?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    complaints = complaintsOf(page)
    return () => context.close()
  })

  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()
  const said = (text: string) => page.getByText(text).first().waitFor()
  const noticed = (text: string) => page.getByRole('status').getByText(text).waitFor()
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  async function enterPassword(handle: string) {
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await press('Sign in with the password')
  }

  /** Opens a page of the console, as an operator. */
  async function open(path: string, title: string) {
    await page.goto(`${origin}/admin/${path}`)
    if ((await page.title()).startsWith('Sign in')) {
      await enterPassword(operator.handle)
      await heading('Second step')
      await page.getByLabel('Code').fill(operator.recovery.pop() ?? '')
      await press('Sign in')
    }
    await heading(title)
  }

  /** Looks at a page: nothing sticks out, and nothing keeps people out. */
  async function look(name: string) {
    await keepLooks(page, name)
    await page.setViewportSize({ width: 320, height: 640 })
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect([name, await page.evaluate(overflow)]).toEqual([name, 0])
    await page.setViewportSize({ width: 1100, height: 800 })
    expect(await findFaults(page)).toEqual([])
    expect(complaints).toEqual([])
  }

  test('strangers are asked to sign in, and a person finds nothing', async () => {
    for (const path of PATHS) {
      await page.goto(`${origin}/admin/${path}`)
      await heading('Sign in')
    }
    const [person] = await makeAccounts(server, 1)
    await enterPassword(person?.handle ?? '')
    await said('There is nothing here.')
    for (const path of PATHS) {
      const response = await page.goto(`${origin}/admin/${path}`)
      expect(response?.status()).toBe(404)
      expect(await response?.text()).toBe('There is nothing here.')
    }
  })

  test('who listens is seen and ended; relays are asked, and what they say stays text', async () => {
    const listener = new WebSocket(
      `${server.origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos?cursor=0`,
    )
    const ended = new Promise<number>((resolve) => {
      listener.addEventListener('close', ({ code }) => resolve(code))
    })
    await new Promise((resolve) => listener.addEventListener('open', resolve))
    await open('relays', 'Relays and firehose')
    await said('banned<b>')
    await said('33.6 MB at most')
    await look('admin-relays')
    await press('End connection 1')
    await noticed('The connection is ended.')
    expect(await ended).toBeGreaterThan(1000)
    await said('Nobody listens.')
    // The relay was asked by itself when the first account was made.
    await page.getByRole('button', { name: /^Ask now/ }).click()
    await page
      .getByRole('heading', { name: 'That did not work' })
      .or(page.getByRole('status'))
      .waitFor()
    await open('relays', 'Relays and firehose')
    await said('<script>alert(1)</script>')
    expect(complaints.filter((text) => !text.includes('429'))).toEqual([])
  })

  const send = async (path: string, body: BodyInit, headers: Record<string, string>) => {
    const response = await fetch(`${server.origin}/xrpc/${path}`, { method: 'POST', headers, body })
    expect([path, response.status, await response.clone().text()]).toEqual([
      path,
      200,
      expect.anything(),
    ])
    return (await response.json()) as Record<string, unknown>
  }
  const json = { 'content-type': 'application/json' }

  /** Signs up; the operator's password makes an account that need not wait. */
  async function signUp(name: string, authorization?: string) {
    const handle = `${name}.test`
    const { did, accessJwt } = await send(
      'com.atproto.server.createAccount',
      JSON.stringify({ handle, email: `${name}@example.com`, password: `password of ${handle}` }),
      { ...json, ...(authorization && { authorization }) },
    )
    return { did: String(did), handle, headers: { authorization: `Bearer ${String(accessJwt)}` } }
  }

  test('a message is sent to one and to all; a test to an address', async () => {
    const person = await signUp('reader', operatorOf(server))
    await open('mail', 'Mail')
    await look('admin-mail')
    const section = (title: string) =>
      page.locator('details.action', { has: page.getByText(title, { exact: true }) })
    const test = section('A test to an address')
    await test.locator('summary').click()
    await test.getByLabel('Address').fill('somebody@example.com')
    await test.getByRole('button').click()
    await noticed('The test is in the queue.')
    const one = section('A message to one account')
    await one.locator('summary').click()
    await one.getByLabel('Handle or DID').fill(person.handle)
    await one.getByLabel('Subject').fill('Hello <b>you</b>')
    await one.getByLabel('Message').fill('To one account.')
    await one.getByRole('button').click()
    await noticed('The message is in the queue.')
    const all = section('A message to all accounts')
    await all.locator('summary').click()
    await look('admin-mail-forms')
    await all.getByLabel('Subject').fill('News')
    await all.getByLabel('Message').fill('To everybody.')
    await all.getByLabel(/^Type/).fill('another.example')
    await all.getByRole('button').click()
    await heading('That did not work')
    await page.getByRole('link', { name: 'Back' }).click()
    await all.locator('summary').click()
    await all.getByLabel('Subject').fill('News')
    await all.getByLabel('Message').fill('To everybody.')
    await all.getByLabel(/^Type/).fill('pds.localhost')
    await all.getByRole('button').click()
    await noticed('The message goes to all accounts')
    const outbox = async () => (await fetch(`${server.origin}/dev/mail`)).text()
    await vi.waitFor(async () => {
      const mails = await outbox()
      for (const text of ['To one account.', 'To everybody.', 'This is a test of']) {
        expect(mails).toContain(text)
      }
    })
    await open('audit', 'Audit')
    const log = await page.content()
    for (const name of ['mail.test', 'mail.send', 'mail.sendToAll']) expect(log).toContain(name)
    expect(log).not.toContain('To everybody.')
    expect(log).not.toContain('somebody@')
  })

  test('settings say where they come from, and hold no secret', async () => {
    await open('settings', 'Settings')
    await said('This host is in development')
    const html = await page.content()
    const { readFileSync } = await import('node:fs')
    const secrets = JSON.parse(
      readFileSync(`${server.dataDirectory}/secrets.json`, 'utf8'),
    ) as Record<string, string>
    expect(Object.values(secrets).length).toBeGreaterThan(3)
    for (const secret of Object.values(secrets)) expect(html).not.toContain(secret)
    await page.locator('#PDS_JWT_SECRET').getByText('fingerprint').waitFor()
    await page.locator('#PDS_HOSTNAME').getByText('set, default: localhost').waitFor()
    await page.locator('#PDS_HOSTNAME summary').click()
    await look('admin-settings')
  })

  test('sign-ups are approved and refused, names reserved and freed', async () => {
    const [first, second] = [await signUp('hopeful'), await signUp('spammer')]
    await open('sign-ups', 'Sign-ups')
    await said('2 sign-ups wait')
    await said('What holds back abuse is missing')
    await page.getByText(`Refuse ${second.handle}`).click()
    await look('admin-sign-ups')
    await press(`Approve ${first.handle}`)
    await noticed('The account is open')
    expect(plc.requests).toContain(`POST /${first.did}`)
    await page.getByText(`Refuse ${second.handle}`).click()
    await page.getByLabel('Reason, which its owner is told').fill('no <b>spam</b>')
    await page.getByLabel(`Type ${second.handle} to confirm`).fill(first.handle)
    await press('Refuse and delete')
    await heading('That did not work')
    await page.getByRole('link', { name: 'Back' }).click()
    await page.getByText(`Refuse ${second.handle}`).click()
    await page.getByLabel('Reason, which its owner is told').fill('no <b>spam</b>')
    await page.getByLabel(`Type ${second.handle} to confirm`).fill(second.handle)
    await press('Refuse and delete')
    await noticed('The sign-up is refused')
    await said('Nobody waits.')
    const status = async ({ did }: { did: string }) =>
      (await fetch(`${server.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)).status
    expect([await status(first), await status(second)]).toEqual([200, 400])
    await page.getByLabel('Name, without the domain').fill('bobby')
    await press('Set')
    await noticed('The name is as you said.')
    await press('As by default: bobby')
    await said('All names are as by default.')
  })

  test('a record and a blob are found, taken down and given back; a report is closed', async () => {
    const author = await signUp('author', operatorOf(server))
    const reporter = await signUp('reporter', operatorOf(server))
    const { blob } = (await send('com.atproto.repo.uploadBlob', PNG, {
      ...author.headers,
      'content-type': 'image/png',
    })) as { blob: { ref: { $link: string } } }
    const cid = blob.ref.$link
    const { uri } = (await send(
      'com.atproto.repo.createRecord',
      JSON.stringify({
        repo: author.did,
        collection: 'app.bsky.feed.post',
        record: {
          $type: 'app.bsky.feed.post',
          text: 'hello',
          createdAt: new Date().toISOString(),
          embed: { $type: 'app.bsky.embed.images', images: [{ image: blob, alt: '' }] },
        },
      }),
      { ...json, ...author.headers },
    )) as { uri: string }
    await send(
      'com.atproto.moderation.createReport',
      JSON.stringify({
        reasonType: 'com.atproto.moderation.defs#reasonSpam',
        reason: '<script>alert(2)</script>',
        subject: { $type: 'com.atproto.admin.defs#repoRef', did: author.did },
      }),
      { ...json, ...reporter.headers },
    )
    await open('moderation', 'Moderation')
    await said('None is taken down.')
    const find = async (text: string) => {
      await page.getByLabel('at-URI, address at bsky.app').fill(text)
      await press('Find')
    }
    const down = async (reason: string) => {
      await page.getByText('Take down', { exact: true }).first().click()
      await page.getByLabel('Reason, for the log').fill(reason)
      await page.getByRole('button', { name: 'Take down', exact: true }).click()
    }
    await find('nonsense <b>')
    await said('This names no account')
    await find(uri.replace(author.did, author.handle))
    await heading('Record')
    await said('Nothing was done to it yet.')
    await look('admin-moderation-record')
    await down('case <b>7</b>')
    await noticed('It is taken down.')
    const record = async () => {
      const query = new URLSearchParams({
        repo: author.did,
        collection: 'app.bsky.feed.post',
        rkey: uri.split('/').at(-1) ?? '',
      })
      return (await fetch(`${server.origin}/xrpc/com.atproto.repo.getRecord?${query}`)).status
    }
    expect(await record()).toBe(400)
    await said('case <b>7</b>')
    await page.getByText('Give back', { exact: true }).first().click()
    await page.getByRole('button', { name: 'Give back', exact: true }).click()
    await noticed('It is given back.')
    expect(await record()).toBe(200)
    // The blob: blurred, and only when it is asked for.
    await page.locator('dd a code', { hasText: cid }).click()
    await heading('Blob')
    await down('a picture')
    await noticed('It is taken down.')
    expect(await page.locator('main img').count()).toBe(0)
    await page.getByRole('link', { name: 'Show the picture, blurred' }).click()
    const img = page.getByAltText('The picture in quarantine, blurred')
    await img.waitFor()
    await page.waitForFunction("document.querySelector('.blurred img').naturalWidth === 1")
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('.blurred img')).filter"),
    ).toContain('blur')
    await look('admin-moderation-blob')
    const source = new URL((await img.getAttribute('src')) ?? '', origin).href
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    const bytes = await fetch(source.replace('pds.localhost', '127.0.0.1'), { headers: { cookie } })
    expect(Object.fromEntries(bytes.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': expect.stringMatching(/^attachment/),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const stranger = await fetch(source.replace('pds.localhost', '127.0.0.1'))
    expect(await stranger.text()).toContain('Sign in')
    // An account takes its handle typed.
    await find(author.did)
    await heading(`@${author.handle}`)
    await page.getByText('Take down', { exact: true }).first().click()
    await page.getByLabel('Reason, for the log').fill('spam')
    await page.getByLabel(/^Type/).fill(author.handle)
    await page.getByRole('button', { name: 'Take down', exact: true }).click()
    await noticed('It is taken down.')
    await open('moderation', 'Moderation')
    await page.locator('td code', { hasText: author.did }).first().waitFor()
    await look('admin-moderation')
    await page.getByRole('link', { name: 'Reports', exact: true }).click()
    await said('<script>alert(2)</script>')
    await look('admin-reports')
    await page.getByLabel('Note for the log').fill('done')
    await page.getByRole('button', { name: /^Close report/ }).click()
    await noticed('The report is closed.')
    await said('There are no open reports.')
    await open('moderation/log', 'Moderation log')
    await said('resolve report')
    expect(await page.locator('main [aria-current=page]').textContent()).toBe('Log')
    await look('admin-moderation-log')
  })

  test('the overview says how the host is, and where what is wrong is mended', async () => {
    await open('overview', 'Overview')
    await said('Nobody listens.')
    await said('in 24 hours')
    await said('requesting a crawl failed')
    await look('admin-overview')
    await page
      .locator('#todo + ul')
      .getByRole('link', { name: 'Settings', exact: true })
      .first()
      .click()
    await heading('Settings')
    await page.goto(`${origin}/admin`)
    await heading('Overview')
  })

  test('without scripts everything works', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false })
    page = await plain.newPage()
    await open('sign-ups', 'Sign-ups')
    await page.getByLabel('Name, without the domain').fill('carol')
    await page.getByLabel('It is', { exact: true }).selectOption('free')
    await press('Set')
    await noticed('The name is as you said.')
    for (const path of PATHS) {
      const response = await page.goto(`${origin}/admin/${path}`)
      expect([path, response?.status()]).toEqual([path, 200])
    }
    await plain.close()
  })
})
