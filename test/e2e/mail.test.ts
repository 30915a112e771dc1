/** What takes a mailed token, with the real server and the real client; mails are read at /dev/mail. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SettingsSession } from '../support/browser-session.ts'
import { mailTo, nextMailTo, readMails } from '../support/mail.ts'
import { PASSWORD, startServer, type TestServer } from '../support/server.ts'

const ADMIN = { PDS_ADMIN_PASSWORD: 'operator password' }
const asOperator = {
  headers: { authorization: `Basic ${btoa(`admin:${ADMIN.PDS_ADMIN_PASSWORD}`)}` },
}
const INVALID = { status: 400, error: 'InvalidToken' }
const WRONG_PASSWORD = { status: 401, error: 'AuthenticationRequired' }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: ADMIN })
})
afterAll(() => server.stop())

/** Makes an account, and signs in. */
async function makeAccount(name: string, { origin } = server) {
  const agent = new AtpAgent({ service: origin })
  const handle = `${name}.test`
  const email = `${name}@example.com`
  const input = { handle, did: `did:web:${handle}`, email, password: PASSWORD }
  await agent.com.atproto.server.createAccount(input, asOperator)
  await agent.login({ identifier: handle, password: PASSWORD })
  return { agent, handle, email, did: agent.assertDid, methods: agent.com.atproto.server }
}

async function logIn(identifier: string, password = PASSWORD) {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier, password })
  return agent
}

/** A token that is none, but looks like one. */
const NO_TOKEN = 'AAAAA-AAAAA'

test('the outbox is a list, empty at first, and not for scripts of other sites', async () => {
  const response = await fetch(`${server.origin}/dev/mail`, { headers: { origin: 'https://a.b' } })
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
  expect(await response.json()).toEqual([])
})

test('an address is confirmed with the token that was mailed to it', async () => {
  const { methods, email } = await makeAccount('confirm')
  await methods.requestEmailConfirmation()
  const { token, ...mail } = await mailTo(server.origin, email, /^Confirm/)
  expect(mail).toEqual({
    from: 'noreply@localhost',
    to: email,
    subject: 'Confirm your email address on localhost',
    text: expect.stringContaining('@confirm.test'),
    html: expect.stringContaining(token),
  })
  await expect(methods.confirmEmail({ email: 'other@example.com', token })).rejects.toMatchObject({
    status: 400,
    error: 'InvalidEmail',
  })
  await expect(methods.confirmEmail({ email, token: NO_TOKEN })).rejects.toMatchObject(INVALID)
  await methods.confirmEmail({ email, token })
  expect((await methods.getSession()).data).toMatchObject({ email, emailConfirmed: true })
  await expect(methods.confirmEmail({ email, token })).rejects.toMatchObject(INVALID)
})

test('a second token for the same purpose works beside the first, until one of them is used', async () => {
  const { methods, email } = await makeAccount('twice')
  await methods.requestEmailConfirmation()
  const first = await mailTo(server.origin, email, /^Confirm/)
  await methods.requestEmailConfirmation()
  const second = await nextMailTo(server.origin, email, /^Confirm/)
  await methods.confirmEmail({ email, token: first.token })
  await expect(methods.confirmEmail({ email, token: second.token })).rejects.toMatchObject(INVALID)
})

describe('an address is changed', () => {
  test('at once while nobody has confirmed it', async () => {
    const { methods, email } = await makeAccount('unconfirmed')
    expect((await methods.requestEmailUpdate()).data).toEqual({ tokenRequired: false })
    await methods.updateEmail({ email: ' Changed@Example.com ' })
    expect((await methods.getSession()).data).toMatchObject({ email: 'changed@example.com' })
    await logIn('changed@example.com')
    await expect(logIn(email)).rejects.toMatchObject(WRONG_PASSWORD)
  })

  test('with a token once it was confirmed, which ends every other token', async () => {
    const { methods, email } = await makeAccount('confirmed')
    await methods.requestEmailConfirmation()
    const confirmation = await mailTo(server.origin, email, /^Confirm/)
    await methods.confirmEmail({ email, token: confirmation.token })
    await methods.requestPasswordReset({ email })
    const reset = await mailTo(server.origin, email, /password/)

    expect((await methods.requestEmailUpdate()).data).toEqual({ tokenRequired: true })
    const { token } = await mailTo(server.origin, email, /^Change/)
    const next = 'confirmed.next@example.com'
    await expect(methods.updateEmail({ email: next })).rejects.toMatchObject({
      status: 400,
      error: 'TokenRequired',
    })
    await expect(methods.updateEmail({ email: next, token: NO_TOKEN })).rejects.toMatchObject(
      INVALID,
    )
    const wrongPurpose = { email: next, token: reset.token }
    await expect(methods.updateEmail(wrongPurpose)).rejects.toMatchObject(INVALID)
    await methods.updateEmail({ email: next, token })
    expect((await methods.getSession()).data).toMatchObject({ email: next, emailConfirmed: false })
    const late = { token: reset.token, password: 'a password' }
    await expect(methods.resetPassword(late)).rejects.toMatchObject(INVALID)
  })

  test('but not to one that is taken or none, which does not use the token up', async () => {
    const { email: taken } = await makeAccount('taken')
    const { methods, email } = await makeAccount('wants')
    await methods.requestEmailConfirmation()
    const confirmation = await mailTo(server.origin, email, /^Confirm/)
    await methods.confirmEmail({ email, token: confirmation.token })
    await methods.requestEmailUpdate()
    const { token } = await mailTo(server.origin, email, /^Change/)
    for (const wrong of [taken.toUpperCase(), 'nonsense', 'a@b', 'a b@example.com']) {
      await expect(methods.updateEmail({ email: wrong, token })).rejects.toMatchObject({
        status: 400,
        error: 'InvalidRequest',
      })
    }
    await methods.updateEmail({ email: 'free@example.com', token })
  })

  test('but sign-in codes by email are refused, not ignored', async () => {
    const { methods, email } = await makeAccount('factor')
    await expect(methods.updateEmail({ email, emailAuthFactor: true })).rejects.toMatchObject({
      status: 400,
      error: 'InvalidRequest',
    })
  })
})

test('a forgotten password is replaced, and every session ends', async () => {
  const { agent, methods, email, handle } = await makeAccount('forgot')
  const anybody = new AtpAgent({ service: server.origin }).com.atproto.server
  await anybody.requestPasswordReset({ email: email.toUpperCase() })
  const { token } = await mailTo(server.origin, email, /password/)
  const password = 'another password'
  await expect(anybody.resetPassword({ token: NO_TOKEN, password })).rejects.toMatchObject(INVALID)
  await anybody.resetPassword({ token: token.toLowerCase(), password })
  await expect(anybody.resetPassword({ token, password })).rejects.toMatchObject(INVALID)
  const headers = { authorization: `Bearer ${agent.session?.refreshJwt}` }
  await expect(methods.refreshSession(undefined, { headers })).rejects.toMatchObject({
    status: 400,
    error: 'ExpiredToken',
  })
  await expect(logIn(handle)).rejects.toMatchObject(WRONG_PASSWORD)
  await logIn(handle, password)
})

test('a request to reset the password of nobody is answered alike, and mails nothing', async () => {
  const { email } = await makeAccount('somebody')
  const anybody = new AtpAgent({ service: server.origin }).com.atproto.server
  for (const address of ['nobody@example.com', email]) {
    expect(await anybody.requestPasswordReset({ email: address })).toMatchObject({ success: true })
  }
  // Mails come one after the other.
  await mailTo(server.origin, email, /password/)
  const addresses = (await readMails(server.origin)).map(({ to }) => to)
  expect(addresses).not.toContain('nobody@example.com')
})

test('an account is deleted with its password and a token, and its names are free', async () => {
  const { agent, methods, did, email } = await makeAccount('leaves')
  await methods.requestAccountDelete()
  const { token } = await mailTo(server.origin, email, /^Delete/)
  const remove = (password: string, withToken: string) =>
    new AtpAgent({ service: server.origin }).com.atproto.server.deleteAccount({
      did,
      password,
      token: withToken,
    })
  await expect(remove('wrong password', token)).rejects.toMatchObject(WRONG_PASSWORD)
  await expect(remove(PASSWORD, NO_TOKEN)).rejects.toMatchObject(INVALID)
  await remove(PASSWORD, token)
  await expect(remove(PASSWORD, token)).rejects.toMatchObject(WRONG_PASSWORD)
  await expect(logIn(email)).rejects.toMatchObject(WRONG_PASSWORD)
  // Tokens of the account end with it; everybody else is told that it is not there.
  await expect(agent.com.atproto.server.getSession()).rejects.toMatchObject({
    error: 'ExpiredToken',
  })
  const anybody = new AtpAgent({ service: server.origin })
  await expect(anybody.com.atproto.sync.getLatestCommit({ did })).rejects.toMatchObject({
    error: 'RepoNotFound',
  })
  await makeAccount('leaves')
  await logIn(email)
})

test('an app password is not enough to ask for deletion, another address or an identity', async () => {
  const { methods, handle } = await makeAccount('apps')
  const { data } = await methods.createAppPassword({ name: 'an app' })
  const app = await logIn(handle, data.password)
  for (const ask of [
    () => app.com.atproto.server.requestAccountDelete(),
    () => app.com.atproto.server.requestEmailUpdate(),
    () => app.com.atproto.server.updateEmail({ email: 'app@example.com' }),
    () => app.com.atproto.identity.requestPlcOperationSignature(),
  ]) {
    await expect(ask()).rejects.toMatchObject(INVALID)
  }
})

test('a change of identity takes a token of its own', async () => {
  const { agent, email } = await makeAccount('moves')
  await agent.com.atproto.identity.requestPlcOperationSignature()
  const { text } = await mailTo(server.origin, email, /identity/)
  expect(text).toContain('@moves.test')
})

test('a host that is not in development says that it cannot send mail, and has no outbox', async () => {
  const host = await startServer({ env: { ...ADMIN, PDS_DEV_MODE: 'false' } })
  try {
    expect((await fetch(`${host.origin}/dev/mail`)).status).toBe(404)
    const { agent, methods, email } = await makeAccount('outside', host)
    for (const ask of [
      () => methods.requestEmailConfirmation(),
      () => methods.requestAccountDelete(),
      () => agent.com.atproto.identity.requestPlcOperationSignature(),
    ]) {
      await expect(ask()).rejects.toMatchObject({
        status: 400,
        error: 'InvalidRequest',
        message: expect.stringContaining('cannot send mail'),
      })
    }
    for (const address of [email, 'nobody@example.com']) {
      await expect(methods.requestPasswordReset({ email: address })).rejects.toMatchObject({
        status: 400,
        error: 'InvalidRequest',
        message: 'This host cannot send mail',
      })
    }
  } finally {
    await host.stop()
  }
})

describe('an owner is told', () => {
  const told = (address: string, subject: RegExp) =>
    vi.waitFor(async () => {
      const mails = (await readMails(server.origin)).filter(
        (mail) => mail.to === address && subject.test(mail.subject),
      )
      if (mails.length === 0) throw new Error(`no mail to ${address} about ${subject}`)
      return mails
    })

  test('of app passwords, of new browsers once, and of what a new password leaves', async () => {
    const { methods, email, handle } = await makeAccount('told')
    await methods.createAppPassword({ name: 'old phone' })
    expect((await told(email, /app password/))[0]?.text).toContain('“old phone”')
    const first = await SettingsSession.open(server.origin, handle, PASSWORD)
    expect(await told(email, /new browser/)).toHaveLength(1)
    expect(await (await first.get('/settings')).text()).not.toContain('Are these all yours?')

    await methods.requestPasswordReset({ email })
    const { token } = await mailTo(server.origin, email, /password/)
    await methods.resetPassword({ token, password: 'another password' })
    expect((await told(email, /^Your password was changed/))[0]?.text).toContain('“old phone”')
    await logIn(handle, 'another password')

    const second = await SettingsSession.open(server.origin, handle, 'another password')
    const page = await (await second.get('/settings')).text()
    expect(page).toContain('Are these all yours?')
    expect(page).toContain('App password <strong>old phone</strong>')
    const answer = await second.post('/settings/review', { remove: 'yes' })
    expect(answer.headers.get('location')).toBe('/settings?done=access-removed')
    expect(await (await second.get('/settings')).text()).not.toContain('old phone')
  })

  test('and of sign-ins no more where that is turned off, but of the rest', async () => {
    const { methods, email, handle } = await makeAccount('quiet')
    const session = await SettingsSession.open(server.origin, handle, PASSWORD)
    expect(await told(email, /new browser/)).toHaveLength(1)
    const off = await session.post('/settings/email/sign-ins', { on: 'no' })
    expect(off.headers.get('location')).toContain('done=sign-in-mails-off')
    expect(await (await session.get('/settings/email')).text()).toContain('No mail is sent when')
    await SettingsSession.open(server.origin, handle, PASSWORD)
    await methods.createAppPassword({ name: 'phone' })
    await told(email, /app password/)
    expect(await told(email, /new browser/)).toHaveLength(1)
  })

  test('and may keep what is theirs', async () => {
    const { methods, email, handle } = await makeAccount('keeps')
    const { data } = await methods.createAppPassword({ name: 'phone' })
    await methods.requestPasswordReset({ email })
    const { token } = await mailTo(server.origin, email, /password/)
    await methods.resetPassword({ token, password: 'another password' })
    const session = await SettingsSession.open(server.origin, handle, 'another password')
    await session.post('/settings/review', { keep: 'yes' })
    expect(await (await session.get('/settings')).text()).not.toContain('Are these all yours?')
    await logIn(handle, data.password)
  })
})

test('a mail for a new password is sent once in five minutes, and the tokens before still work', async () => {
  const limited = await startServer({ env: { ...ADMIN, PDS_RATE_LIMITS_ENABLED: 'true' } })
  try {
    const { methods, email } = await makeAccount('often', limited)
    for (let n = 0; n < 4; n++) await methods.requestPasswordReset({ email })
    const { token } = await mailTo(limited.origin, email, /password/)
    const mails = (await readMails(limited.origin)).filter(({ subject }) => /Reset/.test(subject))
    expect(mails).toHaveLength(1)
    await methods.resetPassword({ token, password: 'another password' })
  } finally {
    await limited.stop()
  }
})
