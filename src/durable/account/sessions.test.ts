import { describe, expect, test, vi } from 'vitest'
import type { ShownFactor } from '../../contracts/account/sign-in.ts'
import { AppPasswords } from '../../storage/account/app-passwords.ts'
import { Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import { Sessions as SessionTable } from '../../storage/account/sessions.ts'
import { StorageError } from '../../storage/error.ts'
import { type AccountParts, DID, withAccount } from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { Factors } from './factors.ts'
import { Passwords } from './passwords.ts'
import { Sessions } from './sessions.ts'

const refused = (name: string) => expect.objectContaining({ name })

const rows = ({ sql }: AccountParts) => sql.exec('SELECT id FROM session').toArray().length

describe('a session', () => {
  const app = { name: 'app', privileged: false, createdAt: '' }
  const chat = { name: 'chat', privileged: true, createdAt: '' }
  const known = { main: null, app, chat }

  function sessionsOf(
    { core, sql }: AccountParts,
    check: Factors['check'] = async () => null,
  ): Sessions {
    const passwords = standIn<Passwords>({
      identify: async (password) => known[password as keyof typeof known],
    })
    return new Sessions(core, new SessionTable(sql), passwords, standIn<Factors>({ check }))
  }

  test('is opened with the main password and what is asked for beside it; with an app password alone', () =>
    withAccount(async (parts) => {
      const check = vi.fn(async () => null)
      const sessions = sessionsOf(parts, check)
      await sessions.open('app', { code: '1' })
      await sessions.open('wrong', { code: '2' })
      expect(check).not.toHaveBeenCalled()
      await sessions.open('main', { code: '3' })
      await sessions.open('main')
      expect(check.mock.calls).toEqual([['3'], [undefined]])
    }))

  test('is not opened without what is asked for, nor with a wrong password', () =>
    withAccount(async (parts) => {
      const sessions = sessionsOf(parts, async () => {
        throw new StorageError('AuthFactorTokenRequired', 'a code', 401)
      })
      await expect(sessions.open('main')).rejects.toMatchObject(refused('AuthFactorTokenRequired'))
      expect(await sessions.open('wrong')).toBeNull()
      expect(rows(parts)).toBe(0)
    }))

  test('is good for an operator while a code was shown for it and the account is active', () =>
    withAccount(async (parts) => {
      const refusal = refused('AuthenticationRequired')
      const open = async (shown: ShownFactor, password = 'main') => {
        const opened = await sessionsOf(parts, async () => shown).open(password)
        return opened?.session ?? expect.fail('not signed in')
      }
      const sessions = sessionsOf(parts)
      for (const shown of ['app', 'recovery code'] as const) {
        const { id, family } = await open(shown)
        sessions.authorizeOperator(family)
        sessions.refresh(id)
        sessions.authorizeOperator(family)
      }
      for (const { family } of [await open(null), await open('mail'), await open('app', 'app')]) {
        expect(() => sessions.authorizeOperator(family)).toThrow(refusal)
      }
      const { family, id } = await open('app')
      parts.store.deactivate(null)
      expect(() => sessions.authorizeOperator(family)).toThrow(refusal)
      parts.store.activate()
      parts.store.setTakedown('a reason')
      expect(() => sessions.authorizeOperator(family)).toThrow(refused('AccountTakedown'))
      parts.store.setTakedown(null)
      sessions.authorizeOperator(family)
      sessions.close(id)
      expect(() => sessions.authorizeOperator(family)).toThrow(refused('ExpiredToken'))
    }))

  test('has a scope that goes with its password', () =>
    withAccount(async (parts) => {
      const scopes: unknown[] = []
      for (const password of ['main', 'app', 'chat']) {
        const opened = await sessionsOf(parts).open(password)
        scopes.push([opened?.session.scope, opened?.session.appPassword])
      }
      expect(scopes).toEqual([
        ['com.atproto.access', null],
        ['com.atproto.appPass', 'app'],
        ['com.atproto.appPassPrivileged', 'chat'],
      ])
    }))

  test('of an account that is taken down is opened only on demand, is good for little, and is not refreshed', () =>
    withAccount(
      async (parts) => {
        const sessions = sessionsOf(parts)
        const opening = sessions.open('main')
        await expect(opening).rejects.toMatchObject(refused('AccountTakedown'))
        const byApp = sessions.open('app', { allowTakendown: true })
        await expect(byApp).rejects.toMatchObject(refused('AccountTakedown'))
        const opened = await sessions.open('main', { allowTakendown: true })
        if (!opened) throw new Error('not opened')
        const { id, family, scope } = opened.session
        expect(scope).toBe('com.atproto.takendown')
        expect(() => sessions.authorize(family, false)).toThrow(refused('AccountTakedown'))
        expect(sessions.authorize(family, true).status).toBe('takendown')
        expect(() => sessions.refresh(id)).toThrow(refused('AccountTakedown'))
      },
      { status: 'takendown' },
    ))

  test('that is closed lets nothing pass; requests that need none pass always', () =>
    withAccount(async (parts) => {
      const sessions = sessionsOf(parts)
      const opened = await sessions.open('main')
      if (!opened) throw new Error('not opened')
      const { id, family } = opened.session
      expect(sessions.authorize(family, false).did).toBe(DID)
      sessions.close(id)
      expect(() => sessions.assertAuthorized(family)).toThrow(refused('ExpiredToken'))
      sessions.assertAuthorized(null)
      sessions.assertAuthorized(undefined)
    }))
})

describe('a password', () => {
  function passwordsOf(
    { core, sql }: AccountParts,
    oauth: () => Promise<void> = async () => undefined,
  ) {
    const table = new SessionTable(sql)
    const here = vi.fn(() => table.closeAll())
    const signOut = { here, browsers: vi.fn(), oauth: vi.fn(oauth) }
    const passwords = new Passwords(
      core,
      { appPasswords: new AppPasswords(sql), passkeys: new PasskeyTable(sql) },
      table,
      signOut,
      { assertValid: async () => undefined, remove: async () => undefined },
    )
    return { passwords, table, signOut }
  }

  test('that takes the place of another one ends all sessions, also in browsers, and what apps were given', () =>
    withAccount(async (parts) => {
      const { passwords, table, signOut } = passwordsOf(parts)
      await passwords.set('the first one')
      const { family } = table.open('com.atproto.access', null)
      await passwords.set('the second one')
      expect(() => table.assertOpen(family)).toThrow(refused('ExpiredToken'))
      expect(await passwords.verify('the first one')).toBe(false)
      expect(await passwords.verify('the second one')).toBe(true)
      expect(signOut.here).toHaveBeenCalledTimes(2)
      expect(signOut.oauth).toHaveBeenCalledTimes(2)
    }))

  test('counts, and signs out of browsers, also when OAuth cannot be told', () =>
    withAccount(async (parts) => {
      const { passwords, table, signOut } = passwordsOf(parts, async () => {
        throw new Error('OAuth is down')
      })
      const { family } = table.open('com.atproto.access', null)
      await expect(passwords.set('the next one')).rejects.toThrow('OAuth is down')
      expect(await passwords.verify('the next one')).toBe(true)
      expect(signOut.here).toHaveBeenCalledOnce()
      expect(() => table.assertOpen(family)).toThrow(refused('ExpiredToken'))
    }))

  test('is the main one, that of an app, or neither', () =>
    withAccount(async (parts) => {
      const { passwords } = passwordsOf(parts)
      expect(await passwords.identify('anything')).toBeUndefined()
      await passwords.set('the main one')
      const added = await passwords.addAppPassword('app', 'aaaa-bbbb-cccc-dddd', true)
      expect(await passwords.identify('the main one')).toBeNull()
      expect(await passwords.identify('aaaa-bbbb-cccc-dddd')).toEqual(added)
      expect(await passwords.identify('something else')).toBeUndefined()
    }))

  test('of an app ends with its own sessions and no others', () =>
    withAccount(async (parts) => {
      const { passwords, table } = passwordsOf(parts)
      await passwords.addAppPassword('one', 'aaaa-bbbb-cccc-dddd', false)
      await passwords.addAppPassword('other', 'eeee-ffff-gggg-hhhh', false)
      const one = table.open('com.atproto.appPass', 'one')
      const other = table.open('com.atproto.appPass', 'other')
      const main = table.open('com.atproto.access', null)
      passwords.removeAppPassword('one')
      expect(() => table.assertOpen(one.family)).toThrow(refused('ExpiredToken'))
      table.assertOpen(other.family)
      table.assertOpen(main.family)
      expect(passwords.listAppPasswords().map(({ name }) => name)).toEqual(['other'])
      expect(await passwords.identify('aaaa-bbbb-cccc-dddd')).toBeUndefined()
    }))
})
