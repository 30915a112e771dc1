/** What people do on the pages of the OAuth server: sign up, prove their address, look after apps, leave. */
import { Agent, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { mailTo } from '../support/mail.ts'
import { accept, consent, makeApp, publicOrigin, signIn, type User } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let dns: TestDns
let server: TestServer
let issuer: string

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  server = await startServer({
    env: { PDS_DID_PLC_URL: plc.url, PDS_DOH_URL: dns.url, PDS_REGISTRATION: 'open' },
  })
  issuer = publicOrigin(server.origin)
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
  await dns.stop()
})

const PASSWORD = 'a long password'
const SCOPE = 'atproto transition:generic'
let made = 0

/** Signs somebody up on the page that is open. */
async function signUp(browser: Browser): Promise<User & { email: string; token?: string }> {
  const handle = `browser${made++}.test`
  const email = `${handle}@example.com`
  const input = { locale: 'en', handle, email, password: PASSWORD }
  const answer = await browser.api('POST', '/sign-up', input)
  const { account, ephemeralToken } = answer.json() as {
    account: { did: string }
    ephemeralToken?: string
  }
  return { did: account.did, identifier: handle, password: PASSWORD, email, token: ephemeralToken }
}

/** Somebody who is signed in on the account page. */
async function openAccountPage() {
  const browser = new Browser(issuer)
  expect((await browser.open('/account')).status).toBe(200)
  const user = await signUp(browser)
  return { browser, user }
}

async function connect(user: User, scope = SCOPE) {
  const { client } = makeApp(plc.url, scope)
  const answer = await consent(await client.authorize(issuer, { scope }), user)
  const { session } = await client.callback(answer.searchParams)
  return { client, session, agent: new Agent(session) }
}

const tokenOf = async (email: string, subject: RegExp) =>
  (await mailTo(server.origin, email, subject)).token

test('somebody without an account makes one on the way into an app', async () => {
  const { client } = makeApp(plc.url, SCOPE)
  const url = await client.authorize(issuer, { scope: SCOPE, prompt: 'create' })
  const browser = new Browser(issuer)
  await browser.open(String(url), 'cross-site')
  const user = await signUp(browser)
  const answer = await accept(browser, user, { authorization: `Bearer ${user.token}` })
  const { session } = await client.callback(answer.searchParams)
  expect(session.did).toBe(user.did)
})

test('owners confirm their address, change it and their handle', async () => {
  const { browser, user } = await openAccountPage()
  const { did, email } = user
  await browser.api('POST', '/verify-email-request', { did })
  const token = await tokenOf(email, /Confirm/)
  const confirmed = await browser.api('POST', '/verify-email-confirm', { did, email, token })
  expect(confirmed.json()).toMatchObject({ account: { emailVerified: true } })

  const asked = await browser.api('POST', '/update-email-request', { did })
  expect(asked.json()).toEqual({ tokenRequired: true })
  const change = await tokenOf(email, /Change/)
  const input = { did, email: `new-${email}`, token: change }
  const changed = await browser.api('POST', '/update-email-confirm', input)
  expect(changed.json()).toMatchObject({ account: { email: `new-${email}`, emailVerified: false } })

  const handle = `renamed${made}.test`
  const renamed = await browser.api('POST', '/update-handle', { did, handle })
  expect(renamed.json()).toMatchObject({ account: { handle } })
  const taken = await browser.api('POST', '/update-handle', { did, handle: 'alice.test' })
  expect(taken.json()).toMatchObject({ error: 'handle_unavailable', reason: 'taken' })
})

test('mails are in the language that was chosen on the pages, from then on', async () => {
  const { browser, user } = await openAccountPage()
  const { did, email } = user
  await browser.api('POST', '/verify-email-request', { did, locale: 'de-DE' })
  await tokenOf(email, /^E-Mail-Adresse bei .* bestätigen$/)
  await browser.api('POST', '/delete-account-request', { did })
  const { text } = await mailTo(server.origin, email, /^Konto bei .* löschen$/)
  expect(text).toContain('15 Minuten')
  await browser.api('POST', '/reset-password-request', { locale: 'fr', email })
  await tokenOf(email, /^Neues Passwort bei/)
})

test('owners see their apps and browsers, and send them away', async () => {
  const { browser, user } = await openAccountPage()
  const { did } = user
  const { agent } = await connect(user)
  const apps = (await browser.api('GET', '/oauth-sessions', { did })).json() as unknown as {
    tokenId: string
    scope: string
  }[]
  expect(apps).toMatchObject([{ scope: SCOPE }])
  await agent.com.atproto.server.getSession()
  await browser.api('POST', '/revoke-oauth-session', { did, tokenId: apps[0]?.tokenId })
  await expect(agent.com.atproto.server.getSession()).rejects.toThrow()

  const other = new Browser(issuer)
  await other.open('/account')
  await signIn(other, user)
  const devices = (await browser.api('GET', '/account-sessions', { did })).json() as unknown as {
    deviceId: string
    isCurrentDevice: boolean
  }[]
  // Its own, the one that consented for the app, and the other.
  expect(devices).toHaveLength(3)
  for (const { deviceId, isCurrentDevice } of devices) {
    if (!isCurrentDevice) await browser.api('POST', '/revoke-account-session', { did, deviceId })
  }
  expect((await other.api('GET', '/device-sessions', {})).json()).toEqual([])
  expect((await browser.api('GET', '/device-sessions', {})).json()).toHaveLength(1)
})

test('a new password signs out apps and browsers', async () => {
  const { browser, user } = await openAccountPage()
  const { agent } = await connect(user)
  await browser.api('POST', '/reset-password-request', { locale: 'en', email: user.email })
  const token = await tokenOf(user.email, /password/)
  const password = 'another long password'
  const reset = await browser.api('POST', '/reset-password-confirm', { token, password })
  expect(reset.status).toBe(200)
  expect((await browser.api('GET', '/device-sessions', {})).json()).toEqual([])
  await expect(agent.com.atproto.server.getSession()).rejects.toThrow()
  expect((await signIn(browser, user)).answer.status).toBe(400)
  expect((await signIn(browser, { ...user, password })).answer.status).toBe(200)
})

test('a deactivated account has no apps, and comes back on its page', async () => {
  const { browser, user } = await openAccountPage()
  const { did } = user
  const { agent } = await connect(user)
  expect((await browser.api('POST', '/deactivate-account', { did })).json()).toMatchObject({
    account: { deactivated: true },
  })
  await expect(agent.com.atproto.server.getSession()).rejects.toThrow()
  await expect(connect(user)).rejects.toThrow()
  expect((await browser.api('POST', '/reactivate-account', { did })).json()).toMatchObject({
    account: { deactivated: false },
  })
  await connect(user)
})

test('a deleted account is gone, and takes password and mail', async () => {
  const { browser, user } = await openAccountPage()
  const { did, email } = user
  const { agent } = await connect(user)
  await browser.api('POST', '/delete-account-request', { did })
  const token = await tokenOf(email, /Delete/)
  const wrong = { did, token, password: 'not this one' }
  expect((await browser.api('POST', '/delete-account-confirm', wrong)).status).toBe(400)
  const right = { did, token, password: PASSWORD }
  expect((await browser.api('POST', '/delete-account-confirm', right)).status).toBe(200)
  await expect(agent.com.atproto.server.getSession()).rejects.toThrow()
  expect((await browser.api('GET', '/device-sessions', {})).json()).toEqual([])
})

test('whoever has a second factor is asked for it', async () => {
  const { browser, user } = await openAccountPage()
  const { did, email, identifier: username } = user
  await browser.api('POST', '/verify-email-request', { did })
  const token = await tokenOf(email, /Confirm/)
  await browser.api('POST', '/verify-email-confirm', { did, email, token })
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: username, password: PASSWORD })
  await agent.com.atproto.server.updateEmail({ email, emailAuthFactor: true })

  const other = new Browser(issuer)
  await other.open('/account')
  const input = { locale: 'en', username, password: PASSWORD }
  const asked = await other.api('POST', '/sign-in', input)
  expect(asked.status).toBe(401)
  expect(asked.json()).toMatchObject({ error: 'second_authentication_factor_required' })
  const emailOtp = await tokenOf(email, /[Ss]ign/)
  const wrong = await other.api('POST', '/sign-in', { ...input, emailOtp: 'AAAAA-AAAAA' })
  expect(wrong.status).toBe(400)
  expect((await other.api('POST', '/sign-in', { ...input, emailOtp })).status).toBe(200)
})

test('a permission set is resolved, and allows what it holds and no more', async () => {
  const { user } = await openAccountPage()
  const nsid = 'org.example.notes.authBasic'
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: user.identifier, password: PASSWORD })
  await agent.com.atproto.repo.putRecord({
    repo: user.did,
    collection: 'com.atproto.lexicon.schema',
    rkey: nsid,
    record: {
      $type: 'com.atproto.lexicon.schema',
      lexicon: 1,
      id: nsid,
      defs: {
        main: {
          type: 'permission-set',
          title: 'Notes',
          permissions: [
            {
              type: 'permission',
              resource: 'repo',
              collection: ['org.example.notes.note', 'com.example.other'],
              action: ['create'],
            },
            { type: 'permission', resource: 'repo', collection: ['org.example.notes.note'] },
          ],
        },
      },
    },
  })
  dns.records.set('_lexicon.notes.example.org', [`did=${user.did}`])
  const { agent: app, session } = await connect(user, `atproto include:${nsid}`)
  const { scope } = await session.getTokenInfo(false)
  expect(scope).toContain('repo:org.example.notes.note')
  expect(scope).not.toContain('com.example.other')
  const note = { repo: user.did, record: { text: 'x' } }
  await app.com.atproto.repo.createRecord({ ...note, collection: 'org.example.notes.note' })
  await expect(
    app.com.atproto.repo.createRecord({ ...note, collection: 'com.example.other' }),
  ).rejects.toMatchObject({ status: 403, error: 'ScopeMissingError' })
  const missing = makeApp(plc.url, 'atproto include:org.example.notes.none').client
  await expect(missing.authorize(issuer)).rejects.toThrow(/Could not resolve|invalid_scope/)
})
