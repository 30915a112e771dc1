import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeChallenge } from '../../services/factors/challenge.ts'
import { authenticationOptions } from '../../services/factors/passkeys.ts'
import { OneTime } from '../../storage/account/one-time.ts'
import { Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { TotpStore } from '../../storage/account/totp.ts'
import { RateCounter } from '../../storage/rate-counter.ts'
import { type AccountParts, DID, withAccount } from '../../testing/account-parts.ts'
import { Authenticator } from '../../testing/authenticator.ts'
import { standIn } from '../../testing/stand-in.ts'
import { type FactorParts, Factors } from './factors.ts'
import { LINK_LIFETIME, Passkeys } from './passkeys.ts'
import { Totp } from './totp.ts'

const refused = (name: string) => expect.objectContaining({ name })

const STEP = 30_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

describe('second factors', () => {
  /** An app whose code is 123456, mails whose code is in `mailed`, and a password that is `right`. */
  function factorsOf(
    { core, sql }: AccountParts,
    { app = false, mailed }: { app?: boolean; mailed?: FactorParts['useMailedCode'] } = {},
  ) {
    let enabled = app
    const totp = {
      isEnabled: () => enabled,
      use: vi.fn(async (code: string) => code === '123456'),
      confirm: async () => {
        enabled = true
      },
      remove() {
        enabled = false
      },
    }
    const useMailedCode = vi.fn(mailed ?? (async () => false))
    const recoveryCodes = new RecoveryCodes(sql)
    const factors = new Factors(core, {
      passwords: { verify: async (password) => password === 'right' },
      totp: standIn<Totp>(totp),
      recoveryCodes,
      rates: new RateCounter(sql),
      useMailedCode,
    })
    return { factors, totp, useMailedCode, recoveryCodes }
  }

  /** Codes by mail are asked for. */
  const withMail = (work: (parts: AccountParts) => Promise<void>) =>
    withAccount(
      (parts) => {
        parts.profile.update({ emailConfirmedAt: new Date().toISOString(), emailAuthFactor: 1 })
        return work(parts)
      },
      { email: 'a@example.com' },
    )

  test('that nobody has set up are not asked for, whatever is typed', () =>
    withAccount(async (parts) => {
      const { factors, totp, useMailedCode } = factorsOf(parts)
      await factors.check(undefined)
      await factors.check('123456')
      expect(await factors.authenticate('right')).toMatchObject({ did: DID })
      expect(totp.use).not.toHaveBeenCalled()
      expect(useMailedCode).not.toHaveBeenCalled()
    }))

  test('are not looked at when the password is wrong', () =>
    withAccount(async (parts) => {
      const { factors, totp } = factorsOf(parts, { app: true })
      expect(await factors.authenticate('wrong', '123456')).toBeNull()
      expect(totp.use).not.toHaveBeenCalled()
    }))

  test('are told apart by how a code looks: six digits are for the app alone', () =>
    withMail(async (parts) => {
      const { factors, totp, useMailedCode } = factorsOf(parts, {
        app: true,
        mailed: async (code) => code === 'abcde-fghij',
      })
      await factors.check(' 123456 ')
      await expect(factors.check('654321')).rejects.toMatchObject(refused('AuthenticationRequired'))
      expect(useMailedCode).not.toHaveBeenCalled()
      await factors.check(' abcde-fghij ')
      expect(useMailedCode.mock.calls).toEqual([['abcde-fghij']])
      expect(totp.use).toHaveBeenCalledTimes(2)
    }))

  test('by mail are not asked about where mail is none', () =>
    withAccount(async (parts) => {
      const { factors, useMailedCode } = factorsOf(parts, { app: true, mailed: async () => true })
      const checking = factors.check('abcde-fghij')
      await expect(checking).rejects.toMatchObject(refused('AuthenticationRequired'))
      expect(useMailedCode).not.toHaveBeenCalled()
    }))

  test('let nobody in when it cannot be told whether a code is right', () =>
    withMail(async (parts) => {
      const { factors } = factorsOf(parts, {
        mailed: async () => {
          throw new Error('the directory is down')
        },
      })
      await expect(factors.check('abcde-fghij')).rejects.toThrow('the directory is down')
      await expect(factors.authenticate('right', 'abcde-fghij')).rejects.toThrow(
        'the directory is down',
      )
    }))

  test('take their recovery codes with them, the last of them', () =>
    withMail(async (parts) => {
      const { factors, recoveryCodes } = factorsOf(parts)
      const codes = await factors.enableTotp('123456')
      expect(recoveryCodes.count()).toBe(codes.length)
      factors.disableTotp()
      expect(factors.get()).toEqual({ totp: false, email: true, recoveryCodes: codes.length })
      factors.setEmailFactor(false)
      expect(recoveryCodes.count()).toBe(0)
    }))
})

describe('an authenticator app', () => {
  const totpOf = ({ core, sql }: AccountParts) => new Totp(core, new TotpStore(sql))

  const shown = ({ secret }: { secret: string }) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() })

  test('is shown again as it was, until a code of it puts it into use', () =>
    withAccount(async (parts) => {
      const totp = totpOf(parts)
      await expect(totp.pending()).rejects.toMatchObject(refused('InvalidRequest'))
      const setup = await totp.begin()
      expect(await totp.pending()).toEqual(setup)
      expect(await totp.use(shown(setup))).toBe(false)
      await totp.confirm(shown(setup))
      expect(totp.isEnabled()).toBe(true)
      await expect(totp.pending()).rejects.toMatchObject(refused('InvalidRequest'))
    }))

  test('takes the code that confirmed it for used, and each further one once', () =>
    withAccount(async (parts) => {
      const totp = totpOf(parts)
      const setup = await totp.begin()
      const code = shown(setup)
      await totp.confirm(code)
      expect(await totp.use(code)).toBe(false)
      later(STEP)
      const next = shown(setup)
      const uses = await Promise.all([totp.use(next), totp.use(next)])
      expect(uses.filter((isGood) => isGood)).toHaveLength(1)
    }))

  test('that is begun anew is confirmed with its own code, not with that of the one before', () =>
    withAccount(async (parts) => {
      const totp = totpOf(parts)
      const abandoned = await totp.begin()
      const setup = await totp.begin()
      const confirming = totp.confirm(shown(abandoned))
      await expect(confirming).rejects.toMatchObject(refused('InvalidToken'))
      await totp.confirm(shown(setup))
    }))

  test('is of no use to whoever has the store but not the secret of the host', () =>
    withAccount(async (parts) => {
      const setup = await totpOf(parts).begin()
      await totpOf(parts).confirm(shown(setup))
      later(STEP)
      const config = { ...parts.config, keySecret: 'another secret, long enough' }
      const other = totpOf({ ...parts, core: { ...parts.core, config } })
      await expect(other.use(shown(setup))).rejects.toMatchObject(refused('DecryptionError'))
    }))
})

describe('a passkey', () => {
  const signOut = { browsers: vi.fn(), oauth: vi.fn(async () => undefined) }
  const passkeysOf = ({ core, sql }: AccountParts) =>
    new Passkeys(core, new PasskeyTable(sql), new OneTime(sql), signOut)

  async function register(parts: AccountParts, link?: string): Promise<Authenticator> {
    const device = new Authenticator(parts.config.publicUrl)
    const passkeys = passkeysOf(parts)
    const options = JSON.parse(await passkeys.beginRegistration(link))
    await passkeys.register('phone', device.create(options), link)
    return device
  }

  /** What a device answers when this host asks for a passkey. */
  const answer = ({ config }: AccountParts, device: Authenticator) =>
    device.get(authenticationOptions(config, makeChallenge(config.jwtSecret)))

  test('is registered by a link once, while the link is good', () =>
    withAccount(async (parts) => {
      const passkeys = passkeysOf(parts)
      const replaced = passkeys.createLink()
      const link = passkeys.createLink()
      await expect(register(parts, replaced)).rejects.toMatchObject(refused('InvalidToken'))
      await register(parts, link)
      await expect(register(parts, link)).rejects.toMatchObject(refused('InvalidToken'))
      const late = passkeys.createLink()
      later(LINK_LIFETIME)
      await expect(register(parts, late)).rejects.toMatchObject(refused('InvalidToken'))
      expect(passkeys.list()).toHaveLength(1)
    }))

  test('is registered once when two use the same link at the same time', () =>
    withAccount(async (parts) => {
      const link = passkeysOf(parts).createLink()
      const results = await Promise.allSettled([register(parts, link), register(parts, link)])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(passkeysOf(parts).list()).toHaveLength(1)
    }))

  test('signs in once with each answer, also when it comes twice at the same time', () =>
    withAccount(async (parts) => {
      const device = await register(parts)
      const passkeys = passkeysOf(parts)
      // Passkeys that are synced do not count their uses: it is the challenge that is good for once.
      device.counter = -1
      const given = answer(parts, device)
      const results = await Promise.allSettled([
        passkeys.authenticate(device.id, given),
        passkeys.authenticate(device.id, given),
      ])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const again = passkeys.authenticate(device.id, given)
      await expect(again).rejects.toMatchObject(refused('AuthenticationRequired'))
    }))

  test('does not sign in once it is removed, nor while the account is taken down', () =>
    withAccount(async (parts) => {
      const device = await register(parts)
      const passkeys = passkeysOf(parts)
      parts.store.setTakedown('a reason')
      const takendown = passkeys.authenticate(device.id, answer(parts, device))
      await expect(takendown).rejects.toMatchObject(refused('AccountTakedown'))
      parts.store.setTakedown(null)
      await passkeys.authenticate(device.id, answer(parts, device))
      passkeys.remove(device.id)
      const removed = passkeys.authenticate(device.id, answer(parts, device))
      await expect(removed).rejects.toMatchObject(refused('AuthenticationRequired'))
    }))
})
