/** Second factors as apps meet them, and what the account page takes from whom. */
import { AtpAgent } from '@atproto/api'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SettingsSession } from '../support/browser-session.ts'
import { mailsTo, mailTo } from '../support/mail.ts'
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
  await agent.createAccount({
    handle,
    email,
    password: PASSWORD,
    did: `did:web:${handle}`,
  } as never)
  return { agent, handle, email }
}

async function confirmEmail(agent: AtpAgent, email: string) {
  await agent.com.atproto.server.requestEmailConfirmation()
  const { token } = await mailTo(server.origin, email, /Confirm/)
  await agent.com.atproto.server.confirmEmail({ email, token })
}

const signIn = (identifier: string, authFactorToken?: string, password = PASSWORD) => {
  const agent = new AtpAgent({ service: server.origin })
  return agent.login({ identifier, password, authFactorToken })
}

const refusal = (error: string, status = 400) => expect.objectContaining({ error, status })
const WANTED = refusal('AuthFactorTokenRequired', 401)

describe('codes by mail', () => {
  test('are switched on and off as apps do it, asked for, and mailed', async () => {
    const { agent, handle, email } = await signUp()
    const { server: methods } = agent.com.atproto
    const change = (emailAuthFactor: boolean, token?: string) =>
      methods.updateEmail({ email, emailAuthFactor, token })
    await expect(change(true)).rejects.toEqual(refusal('InvalidRequest'))
    await confirmEmail(agent, email)
    await change(true)
    expect((await methods.getSession()).data).toMatchObject({
      emailConfirmed: true,
      emailAuthFactor: true,
    })
    const attempt = signIn(handle)
    await expect(attempt).rejects.toEqual(WANTED)
    await expect(attempt).rejects.toThrow('A sign in code has been sent to your email address')
    const { token } = await mailTo(server.origin, email, /Sign in/)
    await expect(signIn(handle, 'AAAAA-AAAAA')).rejects.toThrow('Token is invalid')
    const { data } = await signIn(handle, token.toLowerCase())
    expect(data.emailAuthFactor).toBe(true)
    await expect(signIn(handle, token)).rejects.toEqual(refusal('AuthenticationRequired', 401))
    await expect(change(false)).rejects.toEqual(refusal('TokenRequired'))
    await methods.requestEmailUpdate()
    await change(false, (await mailTo(server.origin, email, /Change/)).token)
    expect((await signIn(handle)).data.emailAuthFactor).toBe(false)
  })

  test('are not mailed to whoever does not know the password', async () => {
    const { agent, handle, email } = await signUp()
    await confirmEmail(agent, email)
    await agent.com.atproto.server.updateEmail({ email, emailAuthFactor: true })
    await expect(signIn(handle, undefined, 'wrong')).rejects.toEqual(
      refusal('AuthenticationRequired', 401),
    )
    // Mails come one after the other: the first code there is, is that of who knows it.
    await expect(signIn(handle)).rejects.toEqual(WANTED)
    await mailTo(server.origin, email, /Sign in/)
    expect(await mailsTo(server.origin, email, /Sign in/)).toHaveLength(1)
  })

  test('are switched on and off on the account page, with recovery codes to write down', async () => {
    const { agent, handle, email } = await signUp()
    const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
    const refused = await settings.post('/settings/email-code/on', {})
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('Confirm the email address first')
    await confirmEmail(agent, email)
    const answer = await (await settings.post('/settings/email-code/on', {})).text()
    const recovery = /<li>([a-z2-7]{5}-[a-z2-7]{5})</.exec(answer)?.[1]
    await expect(signIn(handle)).rejects.toEqual(WANTED)
    await signIn(handle, recovery)
    expect((await settings.post('/settings/email-code/off', {})).status).toBe(303)
    await signIn(handle)
  })

  test('are not asked for any more when the address is another one', async () => {
    const { agent, handle, email } = await signUp()
    await confirmEmail(agent, email)
    await agent.com.atproto.server.updateEmail({ email, emailAuthFactor: true })
    await agent.com.atproto.server.requestEmailUpdate()
    const { token } = await mailTo(server.origin, email, /Change/)
    await agent.com.atproto.server.updateEmail({ email: `new-${email}`, token })
    expect((await signIn(handle)).data.emailAuthFactor).toBe(false)
  })
})

test('an authenticator app is asked for by createSession, and app passwords take no code', async () => {
  const { agent, handle } = await signUp()
  const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
  const { secret, recovery } = await settings.setUpTotp()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  await expect(signIn(handle)).rejects.toEqual(WANTED)
  const code = totp.generate({ timestamp: Date.now() + 30_000 })
  const attempts = await Promise.allSettled(Array.from({ length: 4 }, () => signIn(handle, code)))
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await signIn(handle, recovery[0])
  await expect(signIn(handle, recovery[0])).rejects.toThrow('Token is invalid')
  const { data } = await agent.com.atproto.server.createAppPassword({ name: 'old app' })
  await signIn(handle, undefined, data.password)
})

describe('the account page', () => {
  test('takes no app password, and no form of another site or without the token of the settings', async () => {
    const { agent, handle } = await signUp()
    const { data } = await agent.com.atproto.server.createAppPassword({ name: 'app' })
    await expect(SettingsSession.open(server.origin, handle, data.password)).rejects.toThrow('401')
    const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
    const name = { name: 'stolen' }
    const from = (headers: Record<string, string>) =>
      settings.post('/settings/app-passwords', name, headers)
    expect((await from({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await from({ 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await from({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await from({ origin: 'null' })).status).toBe(403)
    const forged = await settings.post('/settings/app-passwords', { ...name, form: 'forged' })
    expect(forged.status).toBe(303)
    const { passwords } = (await agent.com.atproto.server.listAppPasswords()).data
    expect(passwords.map((password) => password.name)).toEqual(['app'])
  })

  test('shows nothing to whoever has signed out, or brings a cookie that they made up', async () => {
    const { handle } = await signUp()
    const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
    expect(await (await settings.get('/settings')).text()).toContain('Your account')
    await settings.post('/settings/sign-out', {})
    expect(await (await settings.get('/settings')).text()).toContain('Sign in')
    for (const path of ['totp', 'repo.car', 'preferences.json', 'blobs']) {
      expect((await settings.get(`/settings/${path}`)).status).toBe(303)
    }
    for (const cookie of [
      'settings=x',
      'settings=did:web:nobody.test.aaaa',
      'settings=did:.',
      'settings=.',
    ]) {
      const response = await fetch(`${server.origin}/settings`, { headers: { cookie } })
      expect(await response.text()).toContain('Sign in')
    }
  })

  test('is kept by no cache, framed by no page, and read by no script of another site', async () => {
    const { headers } = await fetch(`${server.origin}/settings`)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const { host } = new URL(server.origin)
    expect(headers.get('content-security-policy')).toMatch(
      new RegExp(`script-src [^;]*${host}/settings/passkeys\\.js[ ;]`),
    )
    expect(headers.get('access-control-allow-origin')).toBeNull()
    const { handle } = await signUp()
    const { cookie } = await SettingsSession.open(server.origin, handle, PASSWORD)
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/)
  })

  test('escapes what people have typed', async () => {
    const { handle } = await signUp()
    const settings = await SettingsSession.open(server.origin, handle, PASSWORD)
    const answer = await settings.post('/settings/app-passwords', { name: '<script>"&\'' })
    const text = await answer.text()
    expect(text).toContain('&lt;script&gt;&quot;&amp;&#39;')
    expect(text).not.toContain('<script>"')
  })

  test('gives links for passkeys to the operator only', async () => {
    const { handle } = await signUp()
    for (const authorization of ['', `Basic ${btoa('admin:wrong')}`]) {
      const response = await fetch(`${server.origin}/settings/passkey/link`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ account: handle }),
      })
      expect(response.status).toBe(401)
    }
  })
})

test('the first page is text for tools and a page for browsers', async () => {
  const tool = await fetch(server.origin)
  expect(tool.headers.get('content-type')).toContain('text/plain')
  expect(await tool.text()).toContain('/xrpc/')
  const browser = await fetch(server.origin, { headers: { accept: 'text/html,*/*;q=0.8' } })
  expect(browser.headers.get('content-type')).toContain('text/html')
  expect(await browser.text()).toContain('<h1>')
})
