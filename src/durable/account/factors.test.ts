import { env, runInDurableObject } from 'cloudflare:test'
import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AccountRpc } from '../../contracts/account.ts'
import { rpcClient } from '../../services/objects/client.ts'
import { PASSWORD } from '../../testing/host.ts'
import { expectValue, resultOf } from '../../testing/result.ts'

let made = 0
let did = ''
const stub = () => env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did))
const account = () => rpcClient<AccountRpc>(stub())
const refused = (name: string) => ({ ok: false, refused: expect.objectContaining({ name }) })

const STEP = 30_000
let now = Math.ceil(Date.now() / STEP) * STEP

/** Takes the clock of the app, and of the object, to the next code. */
const nextStep = () => {
  now += STEP
  vi.setSystemTime(now)
}

/** What an authenticator app shows now. */
const codeOf = (secret: string, at = now) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at })

const wrongCodeOf = (secret: string) => {
  const right = [-1, 0, 1].map((steps) => codeOf(secret, now + steps * STEP))
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? ''
}

async function withApp(): Promise<{ secret: string; recovery: string[] }> {
  const { secret } = await account().factors.beginTotp()
  const recovery = await account().factors.enableTotp(codeOf(secret))
  nextStep()
  return { secret, recovery }
}

const signIn = (code?: string) => resultOf(account().sessions.open(PASSWORD, { code }))

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  nextStep()
  const handle = `factors${made++}.test`
  did = `did:web:${handle}`
  await account().lifecycle.create({ did, handle, email: 'f@example.com', password: PASSWORD })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('an authenticator app', () => {
  test('is asked for only after a code of it was shown', async () => {
    const { secret, uri } = await account().factors.beginTotp()
    expect(uri).toContain(`secret=${secret}`)
    expect(await resultOf(account().factors.enableTotp(wrongCodeOf(secret)))).toMatchObject(
      refused('InvalidToken'),
    )
    expect(expectValue(await signIn())).not.toBeNull()
    expect(await account().factors.enableTotp(codeOf(secret))).toHaveLength(10)
    expect(await signIn()).toMatchObject(refused('AuthFactorTokenRequired'))
  })

  test('signs in with its code, which is good for once, also when it is shown twice at the same time', async () => {
    const { secret } = await withApp()
    const code = codeOf(secret)
    const attempts = await Promise.all(Array.from({ length: 5 }, () => signIn(code)))
    expect(attempts.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await signIn(code)).toMatchObject(refused('AuthenticationRequired'))
  })

  test('may be a step ahead or behind, and a code before one that was used is used too', async () => {
    const { secret } = await withApp()
    nextStep()
    expect(await signIn(codeOf(secret, now + STEP))).toMatchObject({ ok: true })
    expect(await signIn(codeOf(secret))).toMatchObject(refused('AuthenticationRequired'))
    nextStep()
    nextStep()
    nextStep()
    expect(await signIn(codeOf(secret, now - STEP))).toMatchObject({ ok: true })
    expect(await signIn(codeOf(secret, now - 3 * STEP))).toMatchObject(
      refused('AuthenticationRequired'),
    )
  })

  test('cannot be guessed: ten wrong codes an hour, however many at once; long codes still work', async () => {
    const { secret, recovery } = await withApp()
    const wrong = wrongCodeOf(secret)
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => resultOf(account().factors.check(wrong))),
    )
    const names = guesses.map((guess) => (guess.ok ? 'ok' : guess.refused.name))
    expect(names.filter((name) => name === 'AuthenticationRequired')).toHaveLength(10)
    expect(names.filter((name) => name === 'RateLimitExceeded')).toHaveLength(2)
    expect(await signIn(codeOf(secret))).toMatchObject(refused('RateLimitExceeded'))
    expect(await signIn(recovery[0])).toMatchObject({ ok: true })
    now += 60 * 60 * 1000
    nextStep()
    expect(await signIn(codeOf(secret))).toMatchObject({ ok: true })
  })

  test('does not use up guesses with right codes', async () => {
    const { secret } = await withApp()
    for (let i = 0; i < 12; i++) {
      expect(await resultOf(account().factors.check(codeOf(secret)))).toMatchObject({ ok: true })
      nextStep()
    }
  })

  test('is not asked for with an app password, nor told of with a wrong one', async () => {
    await withApp()
    await resultOf(account().passwords.addAppPassword('app', 'aaaa-bbbb-cccc-dddd', false))
    expect(await account().sessions.open('aaaa-bbbb-cccc-dddd')).not.toBeNull()
    expect(await account().sessions.open('wrong')).toBeNull()
  })

  test('is stored sealed, and its recovery codes as hashes', async () => {
    const { secret, recovery } = await withApp()
    const stored = await runInDurableObject(stub(), (_, { storage }) =>
      JSON.stringify([
        ...storage.sql.exec('SELECT hex(secret) AS secret FROM totp'),
        ...storage.sql.exec('SELECT * FROM recovery_code'),
      ]),
    )
    const bytes = Buffer.from(new Uint8Array(Secret.fromBase32(secret).buffer)).toString('hex')
    expect(stored.toLowerCase()).not.toContain(bytes)
    for (const code of recovery) expect(stored).not.toContain(code)
  })

  test('that takes the place of another one does so when it is confirmed', async () => {
    const { secret } = await withApp()
    const next = await account().factors.beginTotp()
    expect(await signIn(codeOf(secret))).toMatchObject({ ok: true })
    nextStep()
    expect(await account().factors.enableTotp(codeOf(next.secret))).toEqual([])
    nextStep()
    expect(await signIn(codeOf(secret))).toMatchObject(refused('AuthenticationRequired'))
    expect(await signIn(codeOf(next.secret))).toMatchObject({ ok: true })
  })
})

describe('a recovery code', () => {
  test('signs in once, however it is typed and however many try at once', async () => {
    const { recovery } = await withApp()
    const code = ` ${recovery[3]?.toUpperCase().replace('-', ' ')} `
    const attempts = await Promise.all(Array.from({ length: 4 }, () => signIn(code)))
    expect(attempts.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await account().factors.get()).toMatchObject({ recoveryCodes: 9 })
  })

  test('works no more when there are new ones, or nothing that they go with', async () => {
    const { recovery } = await withApp()
    const renewed = await account().factors.renewRecoveryCodes()
    expect(await signIn(recovery[0])).toMatchObject(refused('AuthenticationRequired'))
    expect(await signIn(renewed[0])).toMatchObject({ ok: true })
    await account().factors.disableTotp()
    expect(await resultOf(account().factors.renewRecoveryCodes())).toMatchObject(
      refused('InvalidRequest'),
    )
    await withApp()
    expect(await signIn(renewed[1])).toMatchObject(refused('AuthenticationRequired'))
  })
})

test('codes by mail are for addresses that were confirmed, and end with the address', async () => {
  expect(await resultOf(account().factors.setEmailFactor(true))).toMatchObject(
    refused('InvalidRequest'),
  )
  await resultOf(account().email.confirm('f@example.com'))
  await account().factors.setEmailFactor(true)
  expect(await signIn()).toMatchObject(refused('AuthFactorTokenRequired'))
  await resultOf(account().email.set('other@example.com'))
  expect(await signIn()).toMatchObject({ ok: true })
  await resultOf(account().email.confirm('other@example.com'))
  expect(await signIn()).toMatchObject({ ok: true })
})
