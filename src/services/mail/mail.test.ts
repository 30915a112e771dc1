import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { PasswordHasher } from '../../kernel/crypto/password.ts'
import { TooManyWaitingError } from '../../kernel/crypto/too-many-waiting.ts'
import { Lifecycle as LifecycleStore } from '../../storage/account/lifecycle.ts'
import { StorageError } from '../../storage/error.ts'
import {
  callAs,
  makeAccount,
  outcome,
  PASSWORD,
  send,
  type TestAccount,
} from '../../testing/host.ts'
import { mailTo } from '../../testing/mail.ts'
import { resultOf } from '../../testing/result.ts'
import { directoryStub, hostObjects } from '../objects/stubs.ts'

const post = (nsid: string, body: unknown) =>
  send(`/xrpc/${nsid}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const request = (account: TestAccount, nsid: string) =>
  send(`/xrpc/${nsid}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}` },
  })

/** An account with an address. */
async function makeMailed(): Promise<TestAccount & { email: string }> {
  const account = await makeAccount()
  const email = `${account.handle}@example.com`
  expect((await callAs(account, 'com.atproto.server.updateEmail', { email })).status).toBe(200)
  return { ...account, email }
}

test('of many who come with one token at the same time, one gets through', async () => {
  const { email, handle } = await makeMailed()
  await post('com.atproto.server.requestPasswordReset', { email })
  const { token } = await mailTo(email)
  // Loads the handler, which the test's runtime does not do for several requests at once.
  const nothing = { token: 'AAAAA-AAAAA', password: 'new password' }
  expect((await post('com.atproto.server.resetPassword', nothing)).status).toBe(400)
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      post('com.atproto.server.resetPassword', { token, password: `new password ${n}` }),
    ),
  )
  const statuses = answers.map(({ status }) => status)
  expect([...statuses].sort()).toEqual([200, ...Array(7).fill(400)])
  const password = `new password ${statuses.indexOf(200)}`
  const login = await post('com.atproto.server.createSession', { identifier: handle, password })
  expect(login.status).toBe(200)
})

test('the text of a token is nowhere in the store but in the mail itself', async () => {
  const account = await makeMailed()
  await request(account, 'com.atproto.server.requestAccountDelete')
  const { token } = await mailTo(account.email)
  const bare = token.replace('-', '')
  await runInDurableObject(directoryStub(env), (_, { storage }) => {
    const rows = storage.sql
      .exec('SELECT hash, did FROM email_token WHERE did = ?', account.did)
      .toArray()
    expect(rows).toHaveLength(1)
    const tables = storage.sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
      )
      .toArray()
      .filter(({ name }) => name !== 'dev_mail')
    expect(tables.length).toBeGreaterThan(4)
    for (const { name } of tables) {
      const text = JSON.stringify(storage.sql.exec(`SELECT * FROM ${name}`).toArray()).toUpperCase()
      expect(text).not.toContain(bare)
      expect(text).not.toContain(token)
    }
  })
})

test('what is logged holds no token and no address', async () => {
  const lines: unknown[] = []
  const keep = (...parts: unknown[]) => void lines.push(...parts)
  const spies = (['log', 'error', 'warn', 'info'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(keep),
  )
  try {
    const { email } = await makeMailed()
    await post('com.atproto.server.requestPasswordReset', { email })
    const { token } = await mailTo(email)
    const password = 'another password'
    await post('com.atproto.server.resetPassword', { token, password })
    await post('com.atproto.server.resetPassword', { token, password })
    const text = lines.map(String).join('\n')
    expect(text).toContain('com.atproto.server.resetPassword')
    for (const secret of [token, email, password]) expect(text).not.toContain(secret)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
})

test('a token is accepted in any case, with blanks around it and without its dash', async () => {
  const account = await makeMailed()
  const { email } = account
  await request(account, 'com.atproto.server.requestEmailConfirmation')
  const { token } = await mailTo(email)
  const typed = ` ${token.toLowerCase().replace('-', ' ')}\n`
  const input = { email: email.toUpperCase(), token: typed }
  expect((await callAs(account, 'com.atproto.server.confirmEmail', input)).status).toBe(200)
})

test('a password that is too short does not use the token up', async () => {
  const { email } = await makeMailed()
  await post('com.atproto.server.requestPasswordReset', { email })
  const { token } = await mailTo(email)
  const reset = (password: string) => post('com.atproto.server.resetPassword', { token, password })
  expect(await outcome(await reset('short'))).toEqual({ status: 400, error: 'InvalidPassword' })
  expect((await reset('long enough')).status).toBe(200)
})

test('a password that is refused because too many are waiting does not use the token up', async () => {
  const { email, handle } = await makeMailed()
  await post('com.atproto.server.requestPasswordReset', { email })
  const { token } = await mailTo(email)
  const reset = () =>
    post('com.atproto.server.resetPassword', { token, password: 'a new password' })
  vi.spyOn(PasswordHasher.prototype, 'hash').mockRejectedValueOnce(new TooManyWaitingError())
  expect(await outcome(await reset())).toEqual({ status: 429, error: 'RateLimitExceeded' })
  expect((await reset()).status).toBe(200)
  expect(await outcome(await reset())).toEqual({ status: 400, error: 'InvalidToken' })
  const login = { identifier: handle, password: 'a new password' }
  expect((await post('com.atproto.server.createSession', login)).status).toBe(200)
})

test('a deletion that fails leaves the token good; one that succeeds uses it up', async () => {
  const account = await makeMailed()
  await request(account, 'com.atproto.server.requestAccountDelete')
  const { token } = await mailTo(account.email)
  const { did } = account
  const remove = (password: string) =>
    post('com.atproto.server.deleteAccount', { did, password, token })
  vi.spyOn(LifecycleStore.prototype, 'destroy').mockImplementationOnce(() => {
    throw new StorageError('InvalidRequest', 'not now')
  })
  expect((await remove(PASSWORD)).status).toBe(400)
  const answers = await Promise.all([remove(PASSWORD), remove(PASSWORD)])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, expect.any(Number)])
  expect((await remove(PASSWORD)).status).toBe(401)
  await runInDurableObject(directoryStub(env), (_, { storage }) => {
    expect(storage.sql.exec('SELECT 1 FROM email_token WHERE did = ?', did).toArray()).toEqual([])
  })
})

test('a change of address that broke off half way is completed, by what comes next', async () => {
  const account = await makeMailed()
  const email = `new.${account.email}`
  // As far as a change gets that dies between the directory and the account.
  await resultOf(hostObjects(env).directory.accounts.setEmail(account.did, email))
  const asked = await request(account, 'com.atproto.server.requestEmailUpdate')
  expect(await asked.json()).toEqual({ tokenRequired: false })
  const session = await callAs(account, 'com.atproto.server.getSession')
  expect(await session.json()).toMatchObject({ email, emailConfirmed: false })
})

test('who asks to reset a password of nobody gets the same answer', async () => {
  const { email } = await makeMailed()
  const [known, unknown] = await Promise.all(
    [email, 'nobody@example.com'].map(async (address) => {
      const response = await post('com.atproto.server.requestPasswordReset', { email: address })
      return { status: response.status, body: await response.text() }
    }),
  )
  expect(unknown).toEqual(known)
  expect(unknown).toMatchObject({ status: 200 })
})

test('an account without an address cannot be mailed a token', async () => {
  const account = await makeAccount()
  for (const nsid of [
    'com.atproto.server.requestEmailConfirmation',
    'com.atproto.server.requestAccountDelete',
    'com.atproto.identity.requestPlcOperationSignature',
  ]) {
    expect(await outcome(await request(account, nsid))).toEqual({
      status: 400,
      error: 'InvalidRequest',
    })
  }
})

test('an account is deleted with its password and its token only', async () => {
  const account = await makeMailed()
  const other = await makeMailed()
  for (const { accessJwt, ...rest } of [account, other]) {
    await request({ accessJwt, ...rest }, 'com.atproto.server.requestAccountDelete')
  }
  const { token } = await mailTo(account.email)
  const foreign = await mailTo(other.email)
  const remove = async (did: string, password: string, token: string) =>
    outcome(await post('com.atproto.server.deleteAccount', { did, password, token }))
  const wrong = { status: 401, error: 'AuthenticationRequired' }
  expect(await remove(account.did, 'wrong password', token)).toEqual(wrong)
  expect(await remove('did:web:nobody.test', PASSWORD, token)).toEqual(wrong)
  expect(await remove(account.did, PASSWORD, foreign.token)).toEqual({
    status: 400,
    error: 'InvalidToken',
  })
  expect(await remove(account.did, PASSWORD, token)).toMatchObject({ status: 200 })
  expect(await remove(account.did, PASSWORD, token)).toEqual(wrong)
})

test('a message to all goes to whoever has an address, once, in the background', async () => {
  const [with1, with2, without] = [await makeMailed(), await makeMailed(), await makeAccount()]
  const { mails } = hostObjects(env).directory
  const mail = { from: 'host@b.test', subject: 'News of today', text: 'Hello', html: '<p>Hello' }
  await mails.sendToAll('news', mail)
  await vi.waitFor(async () => {
    const sent = (await mails.outbox()).filter(({ subject }) => subject === 'News of today')
    const recipients = sent.map(({ to }) => to)
    expect(new Set(recipients).size).toBe(recipients.length)
    expect(recipients).toEqual(expect.arrayContaining([with1.email, with2.email]))
    expect(JSON.stringify(recipients)).not.toContain(without.handle)
    expect(await mails.mailings()).toEqual([])
    expect(await mails.counts()).toMatchObject({ waiting: 0 })
  })
})
