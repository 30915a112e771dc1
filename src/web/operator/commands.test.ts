import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { basic, callAs, makeAccount, send } from '../../testing/host.ts'
import { mailsTo } from '../../testing/mail.ts'
import { makeOperator } from '../../testing/operator.ts'

const { directory } = hostObjects(env)

const command = (path: string, body: object, password = 'test admin password') =>
  send(`/operator/${path}`, {
    method: 'POST',
    headers: { authorization: basic('admin', password), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('what the operator does for an owner is in the audit log, and the token nowhere', async () => {
  const account = await makeAccount()
  await callAs(account, 'com.atproto.server.updateEmail', { email: `${account.handle}@b.test` })
  const input = { account: account.handle, purpose: 'reset_password' }
  const { token } = (await (await command('token', input)).json()) as { token: string }
  await command('confirm-address', input)
  const all = await directory.audit.list({ account: account.did }, 10)
  const entries = all.filter(({ action }) => action.startsWith('command.'))
  expect(entries.map(({ action, actor, outcome }) => ({ action, actor, outcome }))).toEqual([
    { action: 'command.confirm address', actor: 'admin', outcome: 'done' },
    { action: 'command.token reset_password', actor: 'admin', outcome: 'done' },
  ])
  expect(JSON.stringify(entries)).not.toContain(token)
})

test.each(['token', 'confirm-address', 'account'])(
  '%s takes the operator’s password',
  async (path) => {
    const { handle } = await makeAccount()
    const input = { account: handle, purpose: 'reset_password' }
    expect((await command(path, input, 'wrong password of some length')).status).toBe(401)
  },
)

test('a test mail is queued, and not for what is no address', async () => {
  expect((await command('mail-test', { address: 'nobody' })).status).toBe(400)
  const queued = await command('mail-test', { address: 'Me@example.com' })
  expect(await queued.json()).toEqual({
    email: 'me@example.com',
    from: expect.stringContaining('@'),
  })
  await vi.waitFor(async () => expect(await mailsTo('me@example.com')).toHaveLength(1))
})

test('a token that the operator has given out lasts, however many are mailed meanwhile, and blocks no mail', async () => {
  const account = await makeAccount()
  const email = `${account.handle}@b.test`
  await callAs(account, 'com.atproto.server.updateEmail', { email })
  const input = { account: account.handle, purpose: 'reset_password' }
  const { token } = (await (await command('token', input)).json()) as { token: string }
  const post = (nsid: string, body: object) =>
    send(`/xrpc/${nsid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  for (let n = 0; n < 7; n++) await post('com.atproto.server.requestPasswordReset', { email })
  const reset = { token, password: 'a new password' }
  expect((await post('com.atproto.server.resetPassword', reset)).status).toBe(200)
})

test.each([
  'secrets',
  'identity/sign',
  'identity/recovery-key',
  'app-passwords/create',
  'backup/begin',
  'backup/account',
  'restore/host',
  // As the router reads them.
  '%72estore/host',
])('%s takes the password, and no session of an account with the role', async (path) => {
  const { accessJwt, handle } = await makeOperator()
  const call = (to: string, authorization: string) =>
    send(`/operator/${to}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ account: handle, name: 'x', change: {}, key: '', nonce: 'n' }),
    })
  expect((await call('account', `Bearer ${accessJwt}`)).status).toBe(200)
  expect((await call(path, `Bearer ${accessJwt}`)).status).toBe(401)
  expect((await call(path, basic('admin', 'test admin password'))).status).not.toBe(401)
})

test('accounts are searched with a page, a filter and a cursor that was made up refused', async () => {
  const { handle, did } = await makeAccount()
  const found = await command('accounts/search', { prefix: handle })
  expect(await found.json()).toMatchObject({ accounts: [{ did, handle }] })
  expect((await command('accounts/search', { filter: 'nice' })).status).toBe(400)
  expect((await command('accounts/search', { limit: 1.5 })).status).toBe(200)
  expect((await command('accounts/search', { cursor: "did'; DROP TABLE account" })).status).toBe(
    400,
  )
  expect((await command('accounts/search', { cursor: 7 })).status).toBe(400)
})

test.each(['', 'no handle', '../x.test', 'a'.repeat(300)])(
  'an account of a backup that is called "%s" gets no name here',
  async (handle) => {
    const did = 'did:web:restored.test'
    const answer = await command('restore/open', { did, claim: { handle, email: null } })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('no valid handle')
    expect(await directory.accounts.find('did', did)).toBeUndefined()
  },
)

test('a takedown by command has a reason, and stands in both logs by whoever did it', async () => {
  const { handle, did } = await makeAccount()
  expect((await command('accounts/takedown', { account: handle, reason: ' ' })).status).toBe(400)
  expect((await command('accounts/takedown', { account: handle, reason: 'spam' })).status).toBe(200)
  expect(await (await command('accounts/show', { account: did })).json()).toMatchObject({
    status: 'takendown',
    takedown: 'spam',
  })
  const [entry] = await directory.audit.list({ account: did }, 10)
  expect(entry).toMatchObject({ action: 'command.takedown', outcome: 'done' })
})
