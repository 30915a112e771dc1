/** Second factors on the OAuth server's pages. */
import { AtpAgent } from '@atproto/api'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { Browser } from '../support/browser.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { mailsTo, mailTo } from '../support/mail.ts'
import { publicOrigin } from '../support/oauth.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ env: { PDS_REGISTRATION: 'open' } })
})
afterAll(() => server.stop())

const PASSWORD = 'a long password'
let made = 0

async function signUp() {
  const agent = new AtpAgent({ service: server.origin })
  const handle = `careful${made++}.test`
  const email = `${handle}@example.com`
  const did = `did:web:${handle}`
  await agent.createAccount({ handle, email, password: PASSWORD, did } as never)
  return { agent, handle, email }
}

/** The account page of the provider, where somebody tries to sign in. */
async function openPage(handle: string) {
  const page = new Browser(publicOrigin(server.origin))
  await page.open('/account/sign-in')
  return async (emailOtp?: string, password = PASSWORD) => {
    const input = { locale: 'en', username: handle, password, ...(emailOtp && { emailOtp }) }
    const { status, json } = await page.api('POST', '/sign-in', input)
    return { status, ...json() }
  }
}

const WANTED = {
  status: 401,
  error: 'second_authentication_factor_required',
  type: 'emailOtp',
}
const WRONG = { status: 400, error: 'invalid_request', error_description: 'Token is invalid' }

test('an authenticator app is asked for, and its codes and recovery codes count once', async () => {
  const { handle } = await signUp()
  const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
  const { secret, recovery } = await settings.setUpTotp()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const signIn = await openPage(handle)
  const wanted = await signIn()
  expect(wanted).toMatchObject(WANTED)
  expect(wanted).not.toHaveProperty('account')
  expect(await signIn(undefined, 'wrong')).toMatchObject({ status: 400 })
  // The right code of an app does not make up for a wrong password, and is not used up by it.
  const code = totp.generate({ timestamp: Date.now() + 30_000 })
  expect(await signIn(code, 'wrong')).toMatchObject({ status: 400 })
  expect(await signIn('000 00')).toMatchObject(WRONG)
  expect(await signIn(code)).toMatchObject({ status: 200, account: { handle } })
  expect(await signIn(code)).toMatchObject(WRONG)
  const typed = recovery[0]?.toUpperCase()
  expect(await signIn(typed)).toMatchObject({ status: 200 })
  expect(await signIn(typed)).toMatchObject(WRONG)
})

test('six digits are not guessed: after ten wrong codes they are not looked at', async () => {
  const { handle } = await signUp()
  const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
  const { secret, recovery } = await settings.setUpTotp()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const signIn = await openPage(handle)
  const code = totp.generate({ timestamp: Date.now() + 30_000 })
  const guess = code === '123456' ? '123457' : '123456'
  const answers = await Promise.all(Array.from({ length: 14 }, () => signIn(guess)))
  expect(answers.filter(({ status }) => status !== 429)).toEqual(
    Array.from({ length: 10 }, () => WRONG),
  )
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(4)
  expect(await signIn(code)).toMatchObject({ status: 429 })
  // Whoever knows the password cannot lock the owner out.
  expect(await signIn(recovery[0])).toMatchObject({ status: 200 })
})

test('a code is mailed to whoever knows the password, and signs in once', async () => {
  const { agent, handle, email } = await signUp()
  const { server: methods } = agent.com.atproto
  await methods.requestEmailConfirmation()
  const { token: confirmation } = await mailTo(server.origin, email, /Confirm/)
  await methods.confirmEmail({ email, token: confirmation })
  await methods.updateEmail({ email, emailAuthFactor: true })
  const signIn = await openPage(handle)
  expect(await signIn(undefined, 'wrong')).toMatchObject({ status: 400 })
  expect(await signIn()).toMatchObject({ ...WANTED, hint: 'c***@example.com' })
  const { token } = await mailTo(server.origin, email, /Sign in/)
  // Mails come one after the other: none was for who did not know the password.
  expect(await mailsTo(server.origin, email, /Sign in/)).toHaveLength(1)
  expect(await signIn('AAAAA-AAAAA')).toMatchObject(WRONG)
  expect(await signIn(token)).toMatchObject({ status: 200 })
  expect(await signIn(token)).toMatchObject(WRONG)
})

describe('the page for passkeys and authenticator apps', () => {
  const PAGE = '/settings/sign-in/app'
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
  const SAME = { ...FORM, 'sec-fetch-site': 'same-origin' }

  /** Sends the form with a password, as the browser `page` does. */
  const send = (page: Browser, handle: string, headers: Record<string, string> = SAME) => {
    const form = { identifier: handle, password: PASSWORD, code: '', next: '/account' }
    return page.send('POST', PAGE, headers, new URLSearchParams(form).toString())
  }
  const isSignedIn = async (page: Browser, handle: string) =>
    (await page.open('/account')).text.includes(handle)
  const newBrowser = () => new Browser(publicOrigin(server.origin))

  test("signs in the browser that has opened the provider's page, under a new secret", async () => {
    const { handle } = await signUp()
    const page = newBrowser()
    await page.open('/account')
    const before = page.cookie('ses-id')
    const answer = await send(page, handle)
    expect([answer.status, answer.headers.refresh]).toEqual([200, '0;url=/account'])
    expect(page.cookie('ses-id')).not.toBe(before)
    expect(await isSignedIn(page, handle)).toBe(true)
  })

  test('takes nothing from other sites', async () => {
    const { handle } = await signUp()
    const page = newBrowser()
    await page.open('/account')
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await send(page, handle, { ...FORM, 'sec-fetch-site': site })).status).toBe(403)
    }
    expect((await send(page, handle, { ...FORM, origin: 'https://evil.example' })).status).toBe(403)
    expect(await isSignedIn(page, handle)).toBe(false)
  })

  test('signs in no browser that the provider does not know, or whose secret is another one', async () => {
    const { handle } = await signUp()
    expect((await send(newBrowser(), handle)).status).toBe(400)
    const page = newBrowser()
    await page.open('/account')
    const device = page.cookie('dev-id')
    const forged = `dev-id=${device}; ses-id=ses-${'0'.repeat(32)}`
    const answer = await send(newBrowser(), handle, { ...SAME, cookie: forged })
    expect(answer.status).toBe(400)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(await isSignedIn(page, handle)).toBe(false)
  })

  test('refuses accounts that were taken down, and wrong passwords', async () => {
    const { handle } = await signUp()
    const page = newBrowser()
    await page.open('/account')
    const form = { identifier: handle, password: 'wrong', next: '/account' }
    const wrong = await page.send('POST', PAGE, SAME, new URLSearchParams(form).toString())
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined])
    await takeDown(`did:web:${handle}`)
    const refused = await send(page, handle)
    expect([refused.status, refused.headers['set-cookie']]).toEqual([401, undefined])
    expect(await isSignedIn(page, handle)).toBe(false)
  })

  test("leads nowhere but to the provider's pages", async () => {
    const page = await newBrowser().open(
      `${PAGE}?next=https%3A%2F%2Fevil.example%2Foauth%2Fauthorize`,
    )
    expect(page.text).not.toContain('evil.example')
    expect(page.text).toContain('name="next" value="/account"')
  })
})

async function takeDown(did: string) {
  const url = `${server.origin}/xrpc/com.atproto.admin.updateSubjectStatus`
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ subject, takedown: { applied: true, ref: 'test' } }),
  })
  expect(response.status).toBe(200)
}
