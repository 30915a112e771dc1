/** What an owner is told of sign-ins on the OAuth provider's pages. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Browser } from '../support/browser.ts'
import { readMails } from '../support/mail.ts'
import { publicOrigin, type User } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let server: TestServer

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

const emailOf = ({ identifier }: User) => `${identifier}@example.com`

async function makeUser(identifier: string): Promise<User> {
  const agent = new AtpAgent({ service: server.origin })
  const password = 'a long password'
  const email = `${identifier}@example.com`
  await agent.createAccount({ handle: identifier, email, password })
  return { did: agent.assertDid, identifier, password }
}

async function openPage(): Promise<Browser> {
  const browser = new Browser(publicOrigin(server.origin))
  await browser.open('/account')
  return browser
}

async function signIn(browser: Browser, user: User, remember: boolean, userAgent: string) {
  const { identifier: username, password } = user
  const input = { locale: 'en', username, password, remember }
  const { status } = await browser.api('POST', '/sign-in', input, { 'user-agent': userAgent })
  expect(status).toBe(200)
}

/** What names the browsers in the mails, once there is one of the last. */
const told = (user: User, last: string) =>
  vi.waitFor(async () => {
    const mails = await readMails(server.origin)
    const found = mails
      .filter(({ to, subject }) => to === emailOf(user) && /new browser/.test(subject))
      .map(({ text }) => /“(.*?)”/.exec(text)?.[1])
    expect(found).toContain(last)
    return found
  })

test('an owner is told of a browser that is not to remember the account, once', async () => {
  const user = await makeUser('told-once.test')
  const first = await openPage()
  await signIn(first, user, false, 'first')
  expect(await told(user, 'first')).toEqual(['first'])
  await signIn(first, user, false, 'first again')
  await signIn(first, user, true, 'first, remembered')
  await signIn(await openPage(), user, false, 'second')
  expect(await told(user, 'second')).toEqual(['first', 'second'])
})

test('and of one that is to remember it, also when that was for another account before', async () => {
  const user = await makeUser('told-too.test')
  const other = await makeUser('other.test')
  const browser = await openPage()
  await signIn(browser, other, false, 'of the other')
  await signIn(browser, user, true, 'shared')
  await signIn(browser, user, false, 'shared again')
  await signIn(await openPage(), user, true, 'last')
  expect(await told(user, 'last')).toEqual(['shared', 'last'])
})

test('whoever signs up is not told of the browser that it was done with', async () => {
  const browser = await openPage()
  const user = { did: '', identifier: 'signs-up.test', password: 'a long password' }
  const input = { locale: 'en', handle: user.identifier, email: emailOf(user) }
  const made = await browser.api('POST', '/sign-up', { ...input, password: user.password })
  expect(made.status).toBe(200)
  await signIn(browser, user, false, 'own')
  await signIn(await openPage(), user, false, 'another')
  expect(await told(user, 'another')).toEqual(['another'])
})
