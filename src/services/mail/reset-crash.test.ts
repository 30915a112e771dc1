/** A new password, broken off at each of its steps: the old one and the token are good, or the new one is set. */
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { EmailTokens } from '../../storage/directory/email-tokens.ts'
import { crashAfterStatement } from '../../testing/crash.ts'
import { callAs, makeAccount, PASSWORD, send } from '../../testing/host.ts'
import { mailTo } from '../../testing/mail.ts'
import { accountStub } from '../objects/stubs.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const post = async (nsid: string, body: unknown): Promise<number> => {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return (await send(`/xrpc/${nsid}`, init)).status
}

/** An account that was mailed a token for a new password. */
async function makeForgetful() {
  const account = await makeAccount()
  const { did, handle } = account
  const email = `${handle}@example.com`
  await callAs(account, 'com.atproto.server.updateEmail', { email })
  await post('com.atproto.server.requestPasswordReset', { email })
  const { token } = await mailTo(email)
  return {
    did,
    reset: (password: string) => post('com.atproto.server.resetPassword', { token, password }),
    signIn: (password: string) =>
      post('com.atproto.server.createSession', { identifier: did, password }),
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  'an account that crashes after statement %i keeps its password, and the token is good',
  async (count) => {
    const { did, reset, signIn } = await makeForgetful()
    await crashAfterStatement(() => accountStub(env, did), count)
    expect(await reset('the new one')).toBe(500)
    expect(await signIn(PASSWORD)).toBe(200)
    expect(await reset('the new one')).toBe(200)
    expect(await signIn('the new one')).toBe(200)
  },
)

test('a directory that fails when the password is set leaves no token that can be used again', async () => {
  const { reset, signIn } = await makeForgetful()
  vi.spyOn(EmailTokens.prototype, 'consume').mockImplementation(() => {
    throw new Error('the directory is gone')
  })
  expect(await reset('the new one')).toBe(200)
  expect(await signIn('the new one')).toBe(200)
  expect(await reset('another one')).toBe(400)
  expect(await signIn('the new one')).toBe(200)
})
