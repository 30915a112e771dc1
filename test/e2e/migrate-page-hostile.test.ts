/** `/migrate` for people whose old host is hostile, and for movers who ask too often. */
import { AtpAgent } from '@atproto/api'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { SettingsSession } from '../support/browser-session.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { FormBrowser } from '../support/form-browser.ts'
import { type LyingHost, lies, startLyingHost } from '../support/lying-host.ts'
import { mailTo, nextMailTo } from '../support/mail.ts'
import { moveIdentity, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import type { TestServer } from '../support/server.ts'

const PASSWORD = 'the password'

let plc: TestPlc
let old: TestServer
let here: TestServer
let liar: LyingHost
let dns: TestDns
beforeAll(async () => {
  dns = await startDns()
  plc = await startPlc()
  old = await startNamedHost(plc, 'old')
  here = await startNamedHost(plc, 'new', { PDS_RATE_LIMITS_ENABLED: 'true', PDS_DOH_URL: dns.url })
  liar = await startLyingHost(old.origin)
})
afterEach(() => {
  liar.lies.length = 0
})
afterAll(async () => {
  await liar.stop()
  await old.stop()
  await here.stop()
  await plc.stop()
  await dns.stop()
})

/** An account whose identity leads to the liar. */
async function signUp(name: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: old.origin })
  const handle = `${name}.old.test`
  const email = `${handle}@example.com`
  await agent.createAccount({ handle, email, password: PASSWORD })
  await agent.com.atproto.identity.requestPlcOperationSignature()
  const { token } = await mailTo(old.origin, email, /./)
  const services = {
    atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: liar.origin },
  }
  const { data } = await agent.com.atproto.identity.signPlcOperation({ token, services })
  await fetch(`${plc.url}/${agent.assertDid}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(data.operation),
  })
  return agent
}

const begin = async (agent: AtpAgent) => {
  const browser = await new FormBrowser(here.origin).open('/migrate')
  const fields = { account: agent.assertDid, 'old-password': PASSWORD, password: PASSWORD }
  return browser.submit('/migrate/start', fields)
}

const statusHere = (did: string) =>
  new AtpAgent({ service: here.origin }).com.atproto.sync.getRepoStatus({ did })

const signingIn = (path: string) => path.endsWith('createSession')

test('tokens that are too long are found out before an account is made', async () => {
  const from = await signUp('long')
  const did = from.assertDid
  liar.lies.push({
    about: signingIn,
    tell({ body }, response) {
      const session = { ...JSON.parse(body.toString()), refreshJwt: 'x'.repeat(2900) }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(session))
    },
  })
  const browser = await begin(from)
  expect(browser.page).toContain('tokens that are too long')
  await expect(statusHere(did)).rejects.toThrow('Could not find repo')
})

test('what the old host says is text, not HTML', async () => {
  const from = await signUp('marked')
  liar.lies.push({ about: signingIn, tell: lies.refuse(400, '<script>alert(1)</script>') })
  const browser = await begin(from)
  expect(browser.status).toBe(400)
  expect(browser.page).toContain('&lt;script&gt;alert(1)')
  expect(browser.page).not.toContain('<script>alert(1)')
})

test.each(['null', '[]', '7', '<html>', '{"did":{},"accessJwt":7}'])(
  'an old host that answers %s is named',
  async (text) => {
    const from = await signUp(`n${Math.random().toString(36).slice(2, 10)}`)
    liar.lies.push({
      about: signingIn,
      tell: (_, response) => void response.writeHead(200).end(text),
    })
    const browser = await begin(from)
    expect(browser.status).toBe(400)
    expect(browser.page).toContain('The old host')
  },
)

test('what is written there while it is switched off is told of', async () => {
  const from = await signUp('late')
  const did = from.assertDid
  await from.post({ text: 'in time' })
  const browser = await begin(from)
  await browser.submit('/migrate/records')
  const to = new AtpAgent({ service: here.origin })
  await to.login({ identifier: did, password: PASSWORD })
  await moveIdentity(from, to, async () => {
    return (await nextMailTo(old.origin, 'late.old.test@example.com', /./)).token
  })
  await browser.open('/migrate')
  // Once what is there was compared, and before its end.
  liar.lies.push({
    about: (path) => path.includes('getBlocks'),
    times: 1,
    tell: lies.after(() => from.post({ text: 'too late' })),
  })
  await browser.submit('/migrate/finish')
  expect((await statusHere(did)).data.active).toBe(true)
  expect(browser.page).toContain('while it was switched off, and is not here')
  expect(browser.page).not.toContain('Everything is here')
})

test('records are fetched, and codes mailed, as often as by an app', async () => {
  const from = await signUp('often')
  await from.post({ text: 'once' })
  const browser = await begin(from)
  const records = browser.fieldsOf('/migrate/records')
  const statuses = async (path: string, times: number) => {
    const found: number[] = []
    for (let n = 0; n < times; n++) found.push((await browser.post(path, records)).status)
    return found
  }
  expect(await statuses('/migrate/records', 11)).toEqual([...Array(10).fill(200), 429])
  expect(await statuses('/migrate/code', 6)).toEqual([...Array(5).fill(200), 429])
  expect(browser.page).toContain('too often')
})

test('a second factor at the old host: the code is asked for, and again after a wrong one', async () => {
  const from = await signUp('coded')
  const settings = await SettingsSession.open(old.origin, 'coded.old.test', PASSWORD)
  const { recovery } = await settings.setUpTotp()
  const fields = { account: from.assertDid, 'old-password': PASSWORD, password: PASSWORD }
  const browser = await begin(from)
  expect(browser.page).toContain('Enter the code')
  expect(browser.page).toContain('name="code"')
  await browser.submit('/migrate/start', { ...fields, code: '000000' })
  expect(browser.page).toContain('Token is invalid')
  expect(browser.page).toContain('name="code"')
  await expect(statusHere(from.assertDid)).rejects.toThrow('Could not find repo')
  await browser.submit('/migrate/start', { ...fields, code: recovery[0] ?? '' })
  expect(browser.page).toContain('@coded.new.test</strong> moves from')
})

test('a host that wants to be left alone is named with the time to go on', async () => {
  const from = await signUp('later')
  const headers = { 'retry-after': '3600' }
  liar.lies.push({ about: signingIn, tell: lies.refuse(429, 'RateLimitExceeded', headers) })
  expect((await begin(from)).page).toMatch(
    /as it says. Try again in 60 minutes, at \S+ UTC or later/,
  )
})

test('guesses at one account are counted as one, by whatever names and wherever', async () => {
  const from = await signUp('guessed')
  const to = new AtpAgent({ service: here.origin })
  const guess = { identifier: from.assertDid, password: 'a guess' }
  await Promise.allSettled(
    Array.from({ length: 30 }, () => to.com.atproto.server.createSession(guess)),
  )
  const account = 'guessed.elsewhere.test'
  dns.records.set(`_atproto.${account}`, [`did=${from.assertDid}`])
  const browser = await new FormBrowser(here.origin).open('/migrate')
  const fields = { account, 'old-password': 'a guess', password: PASSWORD }
  await browser.submit('/migrate/start', fields)
  expect(browser.status).toBe(429)
  expect(browser.page).toContain('too often')
})
