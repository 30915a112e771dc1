/** `/migrate`: an account moves in by a page, whose forms are sent as a browser sends them. */
import { AtpAgent } from '@atproto/api'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { findFaults } from '../support/axe.ts'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { FormBrowser } from '../support/form-browser.ts'
import { mailTo } from '../support/mail.ts'
import { contentsOf, furnish, moveIdentity, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import type { TestServer } from '../support/server.ts'

const OLD_PASSWORD = 'the old password'
const PASSWORD = 'the new password'

let plc: TestPlc
let old: TestServer
let here: TestServer
beforeAll(async () => {
  plc = await startPlc()
  old = await startNamedHost(plc, 'old')
  here = await startNamedHost(plc, 'new')
})
afterAll(async () => {
  await old.stop()
  await here.stop()
  await plc.stop()
})

const openBrowser = () => new FormBrowser(here.origin).open('/migrate')

async function signUp(name: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: old.origin })
  const handle = `${name}.old.test`
  await agent.createAccount({ handle, email: `${handle}@example.com`, password: OLD_PASSWORD })
  return agent
}

const start = (agent: AtpAgent, more: Record<string, string> = {}) => ({
  account: agent.assertDid,
  'old-password': OLD_PASSWORD,
  password: PASSWORD,
  ...more,
})

const mailedCode = async (agent: AtpAgent) =>
  (await mailTo(old.origin, `${agent.session?.handle}@example.com`, /./)).token

const isActive = async (origin: string, did: string) => {
  const agent = new AtpAgent({ service: origin })
  return (await agent.com.atproto.sync.getRepoStatus({ did })).data.active
}

test('everything comes along, page by page, and the old host is switched off last', async () => {
  const from = await signUp('mover')
  const did = from.assertDid
  await furnish(from)
  const before = await contentsOf(from)
  const browser = await openBrowser()
  await browser.submit('/migrate/start', start(from))
  expect(browser.page).toContain('@mover.new.test')
  // Not a word of what the old host gave is in the page, nor readable in the cookie.
  expect(browser.page).not.toContain('eyJ')
  expect(browser.cookie('move')).not.toContain('eyJ')
  expect(browser.has('/migrate/identity')).toBe(false)
  await browser.submit('/migrate/records')
  expect(browser.page).toContain('0 of 3')
  await browser.submit('/migrate/blobs')
  await browser.submit('/migrate/code')
  expect(await isActive(old.origin, did)).toBe(true)
  await browser.submit('/migrate/identity', { code: 'AAAAA-AAAAA' })
  expect(browser.page).toContain('role="alert"')
  expect(await isActive(old.origin, did)).toBe(true)

  // Written meanwhile: the records are copied once more.
  await from.post({ text: 'the last one there' })
  const code = await mailedCode(from)
  await browser.submit('/migrate/identity', { code })
  expect(browser.has('/migrate/records')).toBe(true)
  await browser.submit('/migrate/records')
  await browser.submit('/migrate/identity', { code })
  expect(browser.page).toContain('Everything is here')
  expect(browser.cookie('move')).toBeUndefined()
  expect(await isActive(old.origin, did)).toBe(false)

  const to = new AtpAgent({ service: here.origin })
  await to.login({ identifier: 'mover.new.test', password: PASSWORD })
  const after = await contentsOf(to)
  expect(after.bytes).toEqual(before.bytes)
  expect(after.preferences).toEqual(before.preferences)
  expect(after.records).toMatchObject(before.records)
  expect(Object.keys(after.records)).toHaveLength(Object.keys(before.records).length + 1)
  const { data: status } = await to.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({ activated: true, validDid: true })
})

test('another browser goes on, once its owner has signed in here; nobody else does', async () => {
  const from = await signUp('twice')
  await from.post({ text: 'once' })
  const first = await openBrowser()
  await first.submit('/migrate/start', start(from))
  await first.submit('/migrate/records')

  const second = await openBrowser()
  await second.submit('/migrate/start', start(from))
  expect(second.status).toBe(400)
  expect(second.page).toContain('sign in to it, then come back')
  await second.open('/settings')
  await second.submit('/settings/sign-in', { identifier: from.assertDid, password: PASSWORD })
  await second.open('/migrate')
  await second.submit('/migrate/start', start(from))
  await second.submit('/migrate/code')
  await second.submit('/migrate/identity', { code: await mailedCode(from) })
  expect(second.page).toContain('Everything is here')
  // The first looks again.
  await first.open('/migrate')
  expect(first.page).toContain('Everything is here')
})

test('files that the old host has lost are named, and left behind only by who agrees', async () => {
  const from = await signUp('lossy')
  const { data } = await from.uploadBlob(new TextEncoder().encode('lost'), {
    encoding: 'text/plain',
  })
  await from.com.atproto.repo.createRecord({
    repo: from.assertDid,
    collection: 'com.example.file',
    rkey: 'one',
    record: { $type: 'com.example.file', blob: data.blob },
  })
  const cid = data.blob.ref.toString()
  const subject = { $type: 'com.atproto.admin.defs#repoBlobRef', did: from.assertDid, cid }
  await fetch(`${old.origin}/xrpc/com.atproto.admin.updateSubjectStatus`, {
    method: 'POST',
    headers: {
      authorization: operatorOf(old),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ subject, takedown: { applied: true } }),
  })
  const browser = await openBrowser()
  await browser.submit('/migrate/start', start(from))
  await browser.submit('/migrate/records')
  await browser.submit('/migrate/blobs')
  expect(browser.page).toContain('com.example.file/one')
  expect(browser.page).toContain(cid)
  await browser.submit('/migrate/code')
  const code = await mailedCode(from)
  await browser.submit('/migrate/blobs')
  await browser.submit('/migrate/identity', { code })
  expect(await isActive(old.origin, from.assertDid)).toBe(true)
  await browser.submit('/migrate/blobs')
  await browser.submit('/migrate/identity', { code, without: 'yes' })
  expect(browser.page).toContain('Everything is here')
})

test('an identity that leads here early switches nothing on: what is missing comes first', async () => {
  const from = await signUp('early')
  const did = from.assertDid
  await furnish(from)
  const before = await contentsOf(from)
  const browser = await openBrowser()
  await browser.submit('/migrate/start', start(from))
  const to = new AtpAgent({ service: here.origin })
  await to.login({ identifier: did, password: PASSWORD })
  // As another tool for moving does it.
  await moveIdentity(from, to, () => mailedCode(from))
  await browser.open('/migrate')
  expect(browser.has('/migrate/records')).toBe(true)
  await browser.submit('/migrate/records')
  expect(browser.page).toContain('0 of 3')
  await browser.submit('/migrate/blobs')
  expect(browser.has('/migrate/finish')).toBe(true)

  await from.post({ text: 'written there at the last moment' })
  await browser.submit('/migrate/finish')
  expect(await isActive(old.origin, did)).toBe(true)
  expect(browser.has('/migrate/records')).toBe(true)
  await browser.submit('/migrate/records')
  await browser.submit('/migrate/finish')
  expect(browser.page).toContain('Everything is here')
  const after = await contentsOf(to)
  expect(after.bytes).toEqual(before.bytes)
  expect(after.records).toMatchObject(before.records)
  expect(Object.keys(after.records)).toHaveLength(Object.keys(before.records).length + 1)
})

test('after the move nothing is copied over what was written here since', async () => {
  const from = await signUp('again')
  await from.post({ text: 'from there' })
  const browser = await openBrowser()
  await browser.submit('/migrate/start', start(from))
  const form = browser.fieldsOf('/migrate/records')
  await browser.submit('/migrate/records')
  const move = browser.cookie('move') ?? ''
  await browser.submit('/migrate/code')
  await browser.submit('/migrate/identity', { code: await mailedCode(from) })
  expect(browser.page).toContain('Everything is here')
  const to = new AtpAgent({ service: here.origin })
  await to.login({ identifier: from.assertDid, password: PASSWORD })
  await to.post({ text: 'written here' })
  browser.keep('move', move)
  await browser.post('/migrate/records', form)
  expect(browser.page).toContain('lives here already')
  const { data } = await to.com.atproto.repo.listRecords({
    repo: from.assertDid,
    collection: 'app.bsky.feed.post',
  })
  expect(data.records).toHaveLength(2)
})

test('who is signed in to another account is told so, and stays signed in', async () => {
  const other = new AtpAgent({ service: here.origin })
  const handle = 'other.new.test'
  await other.createAccount({ handle, email: 'other@example.com', password: PASSWORD })
  const from = await signUp('stranger')
  const browser = await new FormBrowser(here.origin).open('/settings')
  await browser.submit('/settings/sign-in', { identifier: handle, password: PASSWORD })
  await browser.open('/migrate')
  await browser.submit('/migrate/start', start(from))
  expect(browser.status).toBe(400)
  expect(browser.page).toContain('signed in as @other.new.test')
  await expect(isActive(here.origin, from.assertDid)).rejects.toThrow('Could not find repo')
})

describe('refused, in words', () => {
  test.each([
    ['a wrong password', { 'old-password': 'wrong' }, 'The old host refused'],
    ['a password that is too short', { password: 'short' }, '8 to 256'],
    ['a handle that is no handle', { handle: 'x y' }, 'handle'],
    ['a name that leads nowhere', { account: 'nobody.nowhere.test' }, 'There is no account'],
    ['a key that is none', { 'recovery-key': 'did:key:zzz' }, 'recovery key'],
    ['<script> in a field', { account: '"><script>alert(1)</script>' }, 'There is no account'],
  ])('%s', async (_, wrong, message) => {
    const from = await signUp(`r${Math.random().toString(36).slice(2, 10)}`)
    const browser = await openBrowser()
    await browser.submit('/migrate/start', start(from, wrong))
    expect(browser.status).toBe(400)
    expect(browser.page).toContain(message)
    expect(browser.page).not.toContain('<script>alert')
    expect(browser.page).not.toContain(PASSWORD)
    expect(browser.cookie('move')).toBeUndefined()
  })

  test('forms of other sites, and steps of who is not signed in', async () => {
    const browser = await openBrowser()
    const post = (headers: Record<string, string>, path = '/migrate/start') =>
      fetch(`${here.origin}${path}`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(),
        redirect: 'manual',
      })
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    for (const step of ['records', 'blobs', 'code', 'identity', 'finish']) {
      const { status, headers } = await post(
        { 'sec-fetch-site': 'same-origin' },
        `/migrate/${step}`,
      )
      expect({ status, to: headers.get('location') }).toEqual({ status: 303, to: '/migrate' })
    }
    expect(browser.has('/migrate/start')).toBe(true)
  })

  test('an account that lives here', async () => {
    const agent = new AtpAgent({ service: here.origin })
    await agent.createAccount({
      handle: 'resident.new.test',
      email: 'l@example.com',
      password: PASSWORD,
    })
    const browser = await openBrowser()
    await browser.submit('/migrate/start', start(agent))
    expect(browser.page).toContain('lives here already')
  })
})

describe.skipIf(lacksChromium())('in a real browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startChromium()
  })
  afterAll(() => browser.close())

  test('files are copied by themselves, and no page keeps anybody out', {
    timeout: 120_000,
  }, async () => {
    const from = await signUp('viewer')
    await furnish(from)
    const page = await (await browser.newContext()).newPage()
    const complaints = complaintsOf(page)
    const looks = async (name: string) => {
      expect(await findFaults(page)).toEqual([])
      await keepLooks(page, `migrate-${name}`)
    }
    await page.goto(`${here.origin.replace('127.0.0.1', 'localhost')}/migrate`)
    await page.getByText('More', { exact: true }).click()
    await looks('start')
    await page.fill('#account', from.assertDid)
    await page.fill('#old-password', OLD_PASSWORD)
    await page.fill('#password', PASSWORD)
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByRole('heading', { name: 'Copy your records' }).waitFor()
    await looks('records')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('heading', { name: 'Change your identity' }).waitFor()
    await page.getByRole('button', { name: 'Have the code mailed' }).click()
    await page.getByRole('button', { name: 'Have another code mailed' }).waitFor()
    await looks('identity')
    await page.reload()
    await page.fill('#code', await mailedCode(from))
    await page.getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByText('Everything is here').waitFor()
    await looks('done')
    expect(complaints).toEqual([])
  })
})
