/** Whether there is an account shows neither in the answer nor in the work that a wrong password causes. */

import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PasswordHasher } from '../../kernel/crypto/password.ts'
import { makeAccount, outcome, send } from '../../testing/host.ts'
import { hostObjects } from '../objects/stubs.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const json = { 'content-type': 'application/json' }
const form = {
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-site': 'same-origin',
}

type Try = (identifier: string, password: string) => Promise<Response>

const places: [string, Try][] = [
  [
    'createSession',
    (identifier, password) =>
      send('/xrpc/com.atproto.server.createSession', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ identifier, password }),
      }),
  ],
  [
    'deleteAccount',
    (did, password) =>
      send('/xrpc/com.atproto.server.deleteAccount', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ did, password, token: 'none' }),
      }),
  ],
  [
    'the account page',
    (identifier, password) =>
      send('/settings/sign-in', {
        method: 'POST',
        headers: form,
        body: new URLSearchParams({ identifier, password }),
      }),
  ],
  [
    'the page beside the OAuth provider',
    (identifier, password) =>
      send('/settings/sign-in/app', {
        method: 'POST',
        headers: form,
        body: new URLSearchParams({ identifier, password, next: '/account' }),
      }),
  ],
]

describe.each(places)('at %s', (_, attempt) => {
  test.each([
    ['that is wrong', 'a wild guess'],
    ['that looks like one of an app', 'aaaa-bbbb-cccc-dddd'],
    ['that is too long', 'x'.repeat(600)],
  ])('a password %s takes as many hashes for nobody as for an account', async (_, password) => {
    const { did } = await makeAccount()
    const withApps = await makeAccount()
    await hostObjects(env).account(withApps.did).passwords.addAppPassword('app', 'some', false)
    const derive = vi.spyOn(PasswordHasher.prototype, 'derive')
    const results: unknown[] = []
    for (const name of [did, withApps.did, 'did:web:nobody.test']) {
      derive.mockClear()
      const answer = await attempt(name, password)
      const shown = (await answer.clone().text()).replaceAll(name, '')
      results.push([await outcome(answer), shown, derive.mock.calls.length])
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })
})

test('a wrong password is hashed at all', async () => {
  const derive = vi.spyOn(PasswordHasher.prototype, 'derive')
  for (const [, attempt] of places) await attempt('did:web:nobody.test', 'a wild guess')
  expect(derive).toHaveBeenCalledTimes(places.length)
})
