import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { basic, callAs, makeAccount, send } from '../../testing/host.ts'

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
  const outbox = await (await send('/dev/mail')).text()
  expect(outbox).toContain('me@example.com')
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
