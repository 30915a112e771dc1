/** A new e-mail address, on the page of the account. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { hostObjects } from '../../services/objects/stubs.ts'
import { makeAccount, PASSWORD, send } from '../../testing/host.ts'
import { csrfTokenOf } from './browser-session.ts'

const objects = hostObjects(env)

test('an address that lasts a moment is refused here as in apps, and the one before stays', async () => {
  const { did } = await makeAccount()
  const opened = await objects.account(did).browserSessions.open(PASSWORD)
  if (!opened || !('token' in opened)) throw new Error('not signed in')
  const { token } = opened
  const change = (email: string) =>
    send('/settings/email/change', {
      method: 'POST',
      redirect: 'manual',
      headers: {
        cookie: `session=${did}.${token}`,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ form: csrfTokenOf({ token }), email }),
    })
  const addressNow = async () => (await objects.directory.accounts.find('did', did))?.email
  const before = await addressNow()
  const refused = await change('somebody@mailinator.com')
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('This email address is not supported')
  expect(await addressNow()).toBe(before)
  const lasting = `lasting-${Date.now()}@example.com`
  expect((await change(lasting)).status).toBe(303)
  expect(await addressNow()).toBe(lasting)
})
