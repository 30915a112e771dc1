/** An account that is signed out everywhere stays so, whatever was under way: the sign-out comes at every await. */
import { describe, expect, test } from 'vitest'
import type { PasswordHasher } from '../../kernel/crypto/password.ts'
import { AppPasswords } from '../../storage/account/app-passwords.ts'
import { BrowserSessions as BrowserSessionTable } from '../../storage/account/browser-sessions.ts'
import { OneTime } from '../../storage/account/one-time.ts'
import { Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import type { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { Sessions as SessionTable } from '../../storage/account/sessions.ts'
import { StorageError } from '../../storage/error.ts'
import type { RateCounter } from '../../storage/rate-counter.ts'
import { type AccountParts, withAccount } from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { BrowserSessions } from './browser-sessions.ts'
import { Factors } from './factors.ts'
import { Passwords } from './passwords.ts'
import { Sessions } from './sessions.ts'
import type { Totp } from './totp.ts'

/** More turns than any of the sign-ins below takes. */
const TURNS = 16

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await null
}

/** Everything that signs in, each check taking some turns, over real tables. */
function signIns({ core, sql, profile }: AccountParts, wantsCode = false) {
  const sessionTable = new SessionTable(sql)
  const browserTable = new BrowserSessionTable(sql)
  const oneTime = new OneTime(sql)
  const check = async (code?: string) => {
    await turns(3)
    if (wantsCode && code === undefined) {
      throw new StorageError('AuthFactorTokenRequired', 'a code', 401)
    }
    return null
  }
  const verify = async () => {
    await turns(3)
    return true
  }
  const app = { name: 'app', privileged: false, createdAt: '' }
  const passwords = standIn<Passwords>({
    verify,
    identify: async (password) => {
      await turns(3)
      return password === 'app' ? app : null
    },
  })
  const sessions = new Sessions(core, sessionTable, passwords, standIn<Factors>({ check }))
  const browsers = new BrowserSessions(core, browserTable, {
    passwords,
    factors: { check },
    passkeys: {
      authenticate: async () => {
        await turns(3)
        return profile.get()
      },
    },
    oneTime,
    isSigningOut: () => false,
  })
  const factors = new Factors(core, {
    passwords,
    totp: standIn<Totp>({ isEnabled: () => false }),
    recoveryCodes: standIn<RecoveryCodes>({ count: () => 0 }),
    rates: standIn<RateCounter>({}),
    useMailedCode: async () => false,
  })
  /** As `SignOut.here` of the object. */
  const signOut = () => {
    core.signOuts.add()
    sessionTable.closeAll()
    browserTable.closeAll()
    oneTime.removeAll('password')
  }
  const left = () =>
    ['session', 'browser_session', 'one_time'].flatMap((table) =>
      sql.exec(`SELECT * FROM ${table}`).toArray(),
    )
  return { sessions, browsers, factors, signOut, left }
}

type SignIns = ReturnType<typeof signIns>

const kinds: [string, boolean, (parts: SignIns) => Promise<unknown>][] = [
  ['the main password', false, ({ sessions }) => sessions.open('main')],
  ['the main password and a code', true, ({ sessions }) => sessions.open('main', { code: '1' })],
  ['an app password', false, ({ sessions }) => sessions.open('app')],
  ['a password on the account page', false, ({ browsers }) => browsers.open('main')],
  ['a password that waits for a code', true, ({ browsers }) => browsers.open('main')],
  ['a passkey', false, ({ browsers }) => browsers.openByPasskey('id', '{}')],
]

describe.each(kinds)('a sign-in with %s', (_, wantsCode, begin) => {
  test('leaves nothing open, whenever the account is signed out', () =>
    withAccount(async (parts) => {
      let refused = 0
      for (let turn = 0; turn <= TURNS; turn++) {
        const all = signIns(parts, wantsCode)
        const ending = begin(all).catch(() => refused++)
        await turns(turn)
        all.signOut()
        await ending
        expect(all.left()).toEqual([])
      }
      // Some were cut off in the middle, some had come to their end before.
      expect(refused).toBeGreaterThan(2)
      expect(refused).toBeLessThan(TURNS)
    }))
})

test('a ticket is worth nothing, whenever the account is signed out', () =>
  withAccount(async (parts) => {
    for (let turn = 0; turn <= TURNS; turn++) {
      const all = signIns(parts, true)
      const opened = await all.browsers.open('main')
      if (!opened || !('ticket' in opened)) throw new Error('no code was asked for')
      const ending = all.browsers.complete(opened.ticket, '1').catch(() => undefined)
      await turns(turn)
      all.signOut()
      await ending
      expect(all.left()).toEqual([])
    }
  }))

test('a password that was right is not, once the account was signed out meanwhile', () =>
  withAccount(async (parts) => {
    for (let turn = 0; turn < 3; turn++) {
      const { factors, signOut } = signIns(parts)
      const ending = factors.authenticate('main')
      await turns(turn)
      signOut()
      await expect(ending).rejects.toMatchObject({ name: 'AuthenticationRequired' })
    }
  }))

test('an app password is not made, whenever the account is signed out meanwhile', () =>
  withAccount(async (parts) => {
    const { sql } = parts
    const hashAppPassword = async () => {
      await turns(3)
      return crypto.randomUUID()
    }
    const core = { ...parts.core, hasher: standIn<PasswordHasher>({ hashAppPassword }) }
    const table = new AppPasswords(sql)
    const tables = { appPasswords: table, passkeys: new PasskeyTable(sql) }
    const signOut = { here: () => {}, browsers: () => {}, oauth: async () => {} }
    const resetTokens = { assertValid: async () => {}, remove: async () => {} }
    const sessionTable = new SessionTable(sql)
    const passwords = new Passwords(core, tables, sessionTable, signOut, resetTokens)
    for (let turn = 1; turn <= 3; turn++) {
      const making = passwords.addAppPassword(`app ${turn}`, 'a password', true)
      await turns(turn - 1)
      core.signOuts.add()
      await expect(making).rejects.toMatchObject({ name: 'AuthenticationRequired' })
    }
    expect(table.isEmpty()).toBe(true)
    await passwords.addAppPassword('app', 'a password', true)
    expect(table.isEmpty()).toBe(false)
  }))
