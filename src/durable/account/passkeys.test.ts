import { env } from 'cloudflare:test'
import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AccountRpc } from '../../contracts/account.ts'
import { makeChallenge } from '../../services/factors/challenge.ts'
import {
  authenticationOptions,
  didOfUserHandle,
  userHandleOf,
} from '../../services/factors/passkeys.ts'
import { rpcClient } from '../../services/objects/client.ts'
import { Authenticator } from '../../testing/authenticator.ts'
import { PASSWORD } from '../../testing/host.ts'
import { resultOf } from '../../testing/result.ts'

/** As vitest.config.mts sets it up. */
const HOST = { hostname: 'localhost', publicUrl: 'http://localhost:2583' }
const SECRET = env.PDS_JWT_SECRET ?? ''
const MINUTE = 60_000

let made = 0
let did = ''
const stub = () => env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did))
const account = () => rpcClient<AccountRpc>(stub())
const refused = (name: string) => ({ ok: false, refused: expect.objectContaining({ name }) })

const makeAccount = async () => {
  const handle = `passkeys${made++}.test`
  did = `did:web:${handle}`
  await account().lifecycle.create({ did, handle, email: null, password: PASSWORD })
}

async function register(device = new Authenticator(HOST.publicUrl), link?: string) {
  const options = JSON.parse(await account().passkeys.beginRegistration(link))
  return {
    device,
    options,
    added: await resultOf(account().passkeys.register('phone', device.create(options), link)),
  }
}

const challenge = (now?: number) => authenticationOptions(HOST, makeChallenge(SECRET, now))
const signIn = (device: Authenticator, answer: string) =>
  resultOf(account().passkeys.authenticate(device.id, answer))

beforeEach(makeAccount)
afterEach(() => {
  vi.useRealTimers()
})

const certificate = new Uint8Array([48, 0])
describe('a passkey', () => {
  test.each([
    ['packed', { alg: -7, sig: new Uint8Array(70) }],
    ['packed', { alg: -7, sig: new Uint8Array(70), x5c: [certificate] }],
    ['fido-u2f', { sig: new Uint8Array(70), x5c: [certificate] }],
    ['of tomorrow', {}],
  ])(
    'whose authenticator says of what make it is (%s), unasked, is taken as any other',
    async (fmt, attStmt) => {
      const device = new Authenticator(HOST.publicUrl)
      device.attestation = { fmt, attStmt }
      expect((await register(device)).added).toMatchObject({ ok: true })
      expect(await signIn(device, device.get(challenge()))).toMatchObject({ ok: true })
    },
  )

  test('is registered, listed, used, renamed and removed', async () => {
    const { device, options, added } = await register()
    expect(added).toMatchObject({ ok: true })
    expect(options).toMatchObject({
      rp: { id: 'localhost' },
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
      attestation: 'none',
    })
    expect(didOfUserHandle(options.user.id)).toBe(did)
    expect(await account().passkeys.list()).toMatchObject([
      {
        id: device.id,
        name: 'phone',
        transports: ['internal', 'hybrid'],
        backedUp: true,
        lastUsedAt: null,
      },
    ])
    expect(await signIn(device, device.get(challenge()))).toMatchObject({
      ok: true,
      value: { did },
    })
    await account().passkeys.rename(device.id, 'old phone')
    expect(await account().passkeys.list()).toMatchObject([
      { name: 'old phone', lastUsedAt: expect.stringMatching(/^20/) },
    ])
    await account().passkeys.remove(device.id)
    expect(await account().passkeys.list()).toEqual([])
    expect(await signIn(device, device.get(challenge()))).toMatchObject(
      refused('AuthenticationRequired'),
    )
  })

  test('answers once, however many times the answer is sent', async () => {
    const { device } = await register()
    const answer = device.get(challenge())
    const attempts = await Promise.all(Array.from({ length: 5 }, () => signIn(device, answer)))
    expect(attempts.filter(({ ok }) => ok)).toHaveLength(1)
    expect((await signIn(device, answer)).ok).toBe(false)
  })

  test('answers once also where the authenticator does not count', async () => {
    const { device } = await register()
    device.counter = -1
    const answer = device.get(challenge())
    expect(device.counter).toBe(0)
    expect((await signIn(device, answer)).ok).toBe(true)
    expect(await signIn(device, answer)).toMatchObject(refused('AuthenticationRequired'))
  })

  test('that was copied shows by its counter', async () => {
    const { device } = await register()
    device.counter = 5
    expect((await signIn(device, device.get(challenge()))).ok).toBe(true)
    device.counter = 3
    expect(await signIn(device, device.get(challenge()))).toMatchObject(refused('InvalidPasskey'))
  })

  test.each([
    ['made for another site', 'https://localhost.example.com', (device: Authenticator) => device],
    [
      'without showing who the user is',
      HOST.publicUrl,
      (device: Authenticator) => Object.assign(device, { verifies: false }),
    ],
  ])('does not sign in with an answer %s', async (_, origin, change) => {
    const { device } = await register()
    const other = Object.assign(change(device), { origin })
    expect(await signIn(other, other.get(challenge()))).toMatchObject(refused('InvalidPasskey'))
  })

  test('does not answer a challenge that is old, or not of this host', async () => {
    const { device } = await register()
    const old = challenge(Date.now() - 6 * MINUTE)
    expect(await signIn(device, device.get(old))).toMatchObject(refused('InvalidPasskey'))
    const foreign = authenticationOptions(HOST, makeChallenge('another secret'))
    expect(await signIn(device, device.get(foreign))).toMatchObject(refused('InvalidPasskey'))
    const { response, ...rest } = JSON.parse(device.get(challenge()))
    const signature = Buffer.from(response.signature, 'base64url')
    signature[20] = (signature[20] ?? 0) ^ 1
    const forged = JSON.stringify({
      ...rest,
      response: { ...response, signature: signature.toString('base64url') },
    })
    expect((await signIn(device, forged)).ok).toBe(false)
  })

  test('of another account does not sign in', async () => {
    const { device } = await register()
    await makeAccount()
    expect(await signIn(device, device.get(challenge()))).toMatchObject(
      refused('AuthenticationRequired'),
    )
  })
})

describe('a registration', () => {
  test('is good for one passkey, within five minutes', async () => {
    const { options } = await register()
    const again = new Authenticator(HOST.publicUrl).create(options)
    expect(await resultOf(account().passkeys.register('again', again))).toMatchObject(
      refused('InvalidPasskey'),
    )
    vi.useFakeTimers({ toFake: ['Date'] })
    const late = JSON.parse(await account().passkeys.beginRegistration())
    vi.setSystemTime(Date.now() + 6 * MINUTE)
    const answer = new Authenticator(HOST.publicUrl).create(late)
    expect(await resultOf(account().passkeys.register('late', answer))).toMatchObject(
      refused('InvalidPasskey'),
    )
  })

  test('of nonsense is refused, not failed at', async () => {
    for (const answer of ['', '{}', '[]', 'null', '{"id":1}', `{"id":"${'a'.repeat(70_000)}"}`]) {
      expect(await resultOf(account().passkeys.register('x', answer))).toMatchObject(
        refused('InvalidPasskey'),
      )
    }
  })

  test('is refused when there are twenty', async () => {
    for (let i = 0; i < 20; i++) expect((await register()).added.ok).toBe(true)
    expect((await register()).added).toMatchObject(refused('InvalidRequest'))
  })

  test('by a link takes the newest link, once, within a quarter of an hour', async () => {
    const old = await account().passkeys.createLink()
    const link = await account().passkeys.createLink()
    expect(await resultOf(account().passkeys.beginRegistration(old))).toMatchObject(
      refused('InvalidToken'),
    )
    expect((await register(undefined, link)).added.ok).toBe(true)
    expect(await resultOf(account().passkeys.beginRegistration(link))).toMatchObject(
      refused('InvalidToken'),
    )
    const late = await account().passkeys.createLink()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 16 * MINUTE)
    expect(await resultOf(account().passkeys.beginRegistration(late))).toMatchObject(
      refused('InvalidToken'),
    )
  })
})

test('a DID that is too long for an authenticator is hashed', () => {
  const long = `did:web:${'a'.repeat(60)}.example.com`
  expect(userHandleOf(long)).toHaveLength(32)
  expect(didOfUserHandle(Buffer.from(userHandleOf(long)).toString('base64url'))).toBeUndefined()
})

describe('a browser session on the account page', () => {
  test('lasts half an hour after the last look, and twelve hours at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const opened = await account().browserSessions.open(PASSWORD)
    const token = opened && 'token' in opened ? opened.token : ''
    const isThere = async () => (await account().browserSessions.find(token)) !== null
    for (let minutes = 0; minutes < 12 * 60 - 29; minutes += 29) {
      expect(await isThere()).toBe(true)
      vi.setSystemTime(Date.now() + 29 * MINUTE)
    }
    vi.setSystemTime(Date.now() + 29 * MINUTE)
    expect(await isThere()).toBe(false)
  })

  test('of an account that was taken down takes the password again, and no passkey', async () => {
    const { device } = await register()
    const opened = await account().browserSessions.open(PASSWORD)
    const token = opened && 'token' in opened ? opened.token : ''
    await account().lifecycle.setTakedown('spam')
    expect(await account().browserSessions.find(token)).toBeNull()
    expect(await account().browserSessions.find(token, true)).toBeNull()
    expect(await resultOf(account().browserSessions.open(PASSWORD))).toMatchObject({ ok: true })
    expect(await signIn(device, device.get(challenge()))).toMatchObject(refused('AccountTakedown'))
  })

  test('takes a password that was right and a code within a quarter of an hour', async () => {
    const { secret } = await account().factors.beginTotp()
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    await account().factors.enableTotp(totp.generate())
    const opened = await account().browserSessions.open(PASSWORD)
    const ticket = opened && 'ticket' in opened ? opened.ticket : ''
    const code = totp.generate({ timestamp: Date.now() + 30_000 })
    expect(await resultOf(account().browserSessions.complete('made up', code))).toMatchObject(
      refused('InvalidToken'),
    )
    expect(await resultOf(account().browserSessions.complete(ticket, 'wrong'))).toMatchObject(
      refused('AuthenticationRequired'),
    )
    const token = await account().browserSessions.complete(ticket, code)
    expect(await account().browserSessions.find(token)).toMatchObject({ did })
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + MINUTE)
    expect(
      await resultOf(account().browserSessions.complete(ticket, totp.generate())),
    ).toMatchObject(refused('InvalidToken'))
    const late = await account().browserSessions.open(PASSWORD)
    vi.setSystemTime(Date.now() + 16 * MINUTE)
    const lateTicket = late && 'ticket' in late ? late.ticket : ''
    expect(
      await resultOf(account().browserSessions.complete(lateTicket, totp.generate())),
    ).toMatchObject(refused('InvalidToken'))
  })

  test('ends when it is closed, when nobody looks, and with the password', async () => {
    const open = async () => {
      const opened = await account().browserSessions.open(PASSWORD)
      return opened && 'token' in opened ? opened.token : ''
    }
    const [closed, other] = [await open(), await open()]
    await account().browserSessions.close(closed)
    expect(await account().browserSessions.find(closed)).toBeNull()
    expect(await account().browserSessions.find(other)).toMatchObject({ did })
    await resultOf(account().passwords.set(PASSWORD))
    expect(await account().browserSessions.find(other)).toBeNull()
    expect(await account().browserSessions.open('wrong')).toBeNull()
    const idle = await open()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 31 * MINUTE)
    expect(await account().browserSessions.find(idle)).toBeNull()
  })
})
