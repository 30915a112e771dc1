/** Second factors on the OAuth server's pages. */
import { AtpAgent } from '@atproto/api'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { mailTo, readMails } from '../support/mail.ts'
import { publicOrigin } from '../support/oauth.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Visit } from '../support/visit.ts'

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
  const visit = await Visit.open(server.origin, handle, PASSWORD)
  const { secret, recovery } = await visit.setUpTotp()
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
  const visit = await Visit.open(server.origin, handle, PASSWORD)
  const { secret, recovery } = await visit.setUpTotp()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const signIn = await openPage(handle)
  const code = totp.generate({ timestamp: Date.now() + 30_000 })
  const guess = code === '123456' ? '123457' : '123456'
  const answers = await Promise.all(Array.from({ length: 14 }, () => signIn(guess)))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 400)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(4)
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
  const before = (await readMails(server.origin)).length
  expect(await signIn(undefined, 'wrong')).toMatchObject({ status: 400 })
  expect(await readMails(server.origin)).toHaveLength(before)
  expect(await signIn()).toMatchObject({ ...WANTED, hint: 'c***@example.com' })
  const { token } = await mailTo(server.origin, email, /Sign in/)
  expect(await signIn('AAAAA-AAAAA')).toMatchObject(WRONG)
  expect(await signIn(token)).toMatchObject({ status: 200 })
  expect(await signIn(token)).toMatchObject(WRONG)
})
