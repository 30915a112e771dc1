/** What the operator does with accounts, by the official client. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { mailTo } from '../support/mail.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let admin: AtpAgent['com']['atproto']['admin']
let headers: { headers: { authorization: string } }

beforeAll(async () => {
  server = await startServer({ env: { PDS_FIRST_DID_METHOD: 'web' } })
  admin = new AtpAgent({ service: server.origin }).com.atproto.admin
  headers = { headers: { authorization: operatorOf(server) } }
})

afterAll(() => server.stop())

async function makeAccount() {
  const [account] = await makeAccounts(server, 1)
  if (!account) throw new Error('no account')
  const agent = new AtpAgent({ service: server.origin })
  const password = `password of ${account.handle}`
  await agent.login({ identifier: account.handle, password })
  return { ...account, agent, password, email: `${account.handle}@example.com` }
}

test('an account is shown with its address, its codes and who invited it', async () => {
  const { did, handle, agent, email } = await makeAccount()
  await admin.updateAccountEmail({ account: handle, email }, headers)
  const { data } = await admin.getAccountInfo({ did }, headers)
  expect(data).toEqual({
    did,
    handle,
    email,
    indexedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    invites: [],
    invitesDisabled: false,
  })
  await agent.com.atproto.server.requestEmailConfirmation()
  const { token } = await mailTo(server.origin, email, /Confirm/)
  await agent.com.atproto.server.confirmEmail({ email, token })
  const nobody = 'did:web:nobody.test'
  const { infos } = (await admin.getAccountInfos({ dids: [did, nobody, did] }, headers)).data
  expect(infos).toEqual([{ ...data, emailConfirmedAt: expect.any(String) }])
  await expect(admin.getAccountInfo({ did: nobody }, headers)).rejects.toMatchObject({
    status: 400,
    error: 'NotFound',
  })
})

test('accounts are found by what their names begin with, a page at a time', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, makeAccount))
  for (const [n, { did }] of made.entries()) {
    await admin.updateAccountEmail({ account: did, email: `find-${n}@example.com` }, headers)
  }
  const find = async (email: string | undefined, limit = 100) => {
    const found: string[] = []
    let cursor: string | undefined
    do {
      const { data } = await admin.searchAccounts({ email, limit, cursor }, headers)
      found.push(...data.accounts.map(({ did }) => did))
      cursor = data.cursor
    } while (cursor !== undefined)
    return found
  }
  const dids = made.map(({ did }) => did)
  expect(await find('FIND-')).toEqual(dids)
  expect(await find('find-', 2)).toEqual(dids)
  expect(await find('find-3')).toEqual([dids[3]])
  expect(await find(`@${made[1]?.handle}`)).toEqual([dids[1]])
  expect(await find(dids[2])).toEqual([dids[2]])
  expect(await find("'; DROP TABLE account; --")).toEqual([])
  const all = await find(undefined, 3)
  expect(new Set(all).size).toBe(all.length)
  expect(all).toEqual(expect.arrayContaining(dids))
  await expect(admin.searchAccounts({ cursor: 'nonsense' }, headers)).rejects.toMatchObject({
    status: 400,
    message: 'Malformed cursor',
  })
})

test('a new password ends what was open', async () => {
  const { did, handle, agent, password } = await makeAccount()
  await expect(
    admin.updateAccountPassword({ did, password: 'short' }, headers),
  ).rejects.toMatchObject({ status: 400, error: 'InvalidPassword' })
  await admin.updateAccountPassword({ did, password: 'another password' }, headers)
  await expect(agent.com.atproto.server.getSession()).rejects.toThrow()
  const again = new AtpAgent({ service: server.origin })
  await expect(again.login({ identifier: handle, password })).rejects.toThrow()
  await again.login({ identifier: handle, password: 'another password' })
})

test('a new address is not confirmed, and nobody else has it', async () => {
  const one = await makeAccount()
  const other = await makeAccount()
  await admin.updateAccountEmail({ account: one.did, email: one.email }, headers)
  await expect(
    admin.updateAccountEmail({ account: other.did, email: one.email }, headers),
  ).rejects.toMatchObject({ status: 400 })
  await expect(
    admin.updateAccountEmail({ account: 'did:web:nobody.test', email: 'a@example.com' }, headers),
  ).rejects.toMatchObject({ status: 400 })
  const { data } = await one.agent.com.atproto.server.getSession()
  expect(data).toMatchObject({ email: one.email, emailConfirmed: false })
})

test('a message is mailed as text, whatever is in it', async () => {
  const { did, email } = await makeAccount()
  const message = {
    recipientDid: did,
    senderDid: 'did:web:localhost',
    subject: 'About\nBcc: evil@example.com',
    content: 'Hello <b>you</b>\n\nABCDE-FGHIJ',
  }
  await expect(admin.sendEmail(message, headers)).rejects.toMatchObject({ status: 400 })
  await admin.updateAccountEmail({ account: did, email }, headers)
  expect((await admin.sendEmail(message, headers)).data).toEqual({ sent: true })
  const mail = await mailTo(server.origin, email, /About/)
  expect(mail.subject).toBe('About Bcc: evil@example.com')
  expect(mail.text).toBe(`${message.content}\n\n-- \nlocalhost\n`)
  expect(mail.html).toContain('>Hello &lt;b&gt;you&lt;/b&gt;</p>')
})

test('credentials are revoked, and a new password lets the owner in again', async () => {
  const { did, handle, agent, password } = await makeAccount()
  const { data } = await agent.com.atproto.server.createAppPassword({ name: 'an app' })
  const app = new AtpAgent({ service: server.origin })
  await app.login({ identifier: handle, password: data.password })
  const { temp } = new AtpAgent({ service: server.origin }).com.atproto
  await expect(temp.revokeAccountCredentials({ account: handle })).rejects.toMatchObject({
    status: 401,
  })
  await temp.revokeAccountCredentials({ account: handle }, headers)
  for (const open of [agent, app]) {
    await expect(open.com.atproto.server.getSession()).rejects.toThrow()
  }
  for (const former of [password, data.password]) {
    const again = new AtpAgent({ service: server.origin })
    await expect(again.login({ identifier: handle, password: former })).rejects.toMatchObject({
      status: 401,
      error: 'AuthenticationRequired',
    })
  }
  await admin.updateAccountPassword({ did, password: 'a password of mine' }, headers)
  const owner = new AtpAgent({ service: server.origin })
  await owner.login({ identifier: handle, password: 'a password of mine' })
  expect((await owner.com.atproto.server.listAppPasswords()).data.passwords).toEqual([])
})
