import { describe, expect, test, vi } from 'vitest'
import { AppPasswords } from '../../storage/account/app-passwords.ts'
import { Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import { Sessions as SessionTable } from '../../storage/account/sessions.ts'
import { StorageError } from '../../storage/error.ts'
import { type AccountParts, withAccount } from '../../testing/account-parts.ts'
import { Passwords } from './passwords.ts'

function passwordsOf({ core, sql }: AccountParts) {
  const appPasswords = new AppPasswords(sql)
  const resetTokens = {
    assertValid: vi.fn(async (_hash: string) => undefined),
    remove: vi.fn(async (_hash: string) => undefined),
  }
  const passwords = new Passwords(
    core,
    { appPasswords, passkeys: new PasskeyTable(sql) },
    new SessionTable(sql),
    { here: () => undefined, browsers: () => undefined, oauth: async () => undefined },
    resetTokens,
  )
  return { passwords, appPasswords, resetTokens }
}

const invalid = expect.objectContaining({ name: 'InvalidToken' })

describe('a mailed token for a new password', () => {
  test('is looked up when the password is hashed, and removed when it is set', () =>
    withAccount(async (parts) => {
      const { passwords, resetTokens } = passwordsOf(parts)
      const order: string[] = []
      const note = (name: string) => async () => {
        order.push(`${name}, ${parts.profile.passwordHash() === before ? 'old' : 'new'} password`)
        return undefined
      }
      await passwords.set('the first one')
      const before = parts.profile.passwordHash()
      resetTokens.assertValid.mockImplementation(note('looked up'))
      resetTokens.remove.mockImplementation(note('removed'))
      const hash = vi.spyOn(parts.core.hasher, 'hash')
      await passwords.set('the second one', 'token')
      expect(hash.mock.invocationCallOrder[0]).toBeLessThan(
        resetTokens.assertValid.mock.invocationCallOrder[0] ?? 0,
      )
      expect(order).toEqual(['looked up, old password', 'removed, new password'])
    }))

  test('that is not good, or no longer, sets none', () =>
    withAccount(async (parts) => {
      const { passwords, resetTokens } = passwordsOf(parts)
      await passwords.set('the first one')
      resetTokens.assertValid.mockRejectedValue(new StorageError('InvalidToken', 'no'))
      await expect(passwords.set('the second one', 'token')).rejects.toEqual(invalid)
      expect(await passwords.verify('the first one')).toBe(true)
      expect(resetTokens.remove).not.toHaveBeenCalled()
    }))

  test('sets one password, also when the directory still has it, or many come at once', () =>
    withAccount(async (parts) => {
      const { passwords } = passwordsOf(parts)
      const results = await Promise.allSettled(
        ['one', 'two', 'three'].map((password) => passwords.set(password, 'token')),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await expect(passwords.set('later', 'token')).rejects.toEqual(invalid)
      await passwords.set('with another', 'another token')
      await expect(passwords.set('again', 'token')).rejects.toEqual(invalid)
      expect(await passwords.verify('with another')).toBe(true)
    }))
})

describe('an app password', () => {
  test('whose name is taken costs no hash', () =>
    withAccount(async (parts) => {
      const { passwords } = passwordsOf(parts)
      await passwords.addAppPassword('app', 'aaaa-bbbb-cccc-dddd', false)
      const hash = vi.spyOn(parts.core.hasher, 'hashAppPassword')
      await expect(passwords.addAppPassword('app', 'other', false)).rejects.toThrow(
        'There is an app password named "app" already',
      )
      expect(hash).not.toHaveBeenCalled()
    }))

  test('is refused when there are a hundred, before it is hashed', () =>
    withAccount(async (parts) => {
      const { passwords, appPasswords } = passwordsOf(parts)
      for (let n = 0; n < 99; n++) appPasswords.add(`app ${n}`, `hash ${n}`, false)
      await passwords.addAppPassword('the last', 'aaaa-bbbb-cccc-dddd', false)
      const hash = vi.spyOn(parts.core.hasher, 'hashAppPassword')
      await expect(passwords.addAppPassword('more', 'other', false)).rejects.toMatchObject({
        name: 'InvalidRequest',
        message: 'An account has at most 100 app passwords: revoke one that is not used',
      })
      expect(hash).not.toHaveBeenCalled()
      passwords.removeAppPassword('the last')
      await passwords.addAppPassword('more', 'eeee-ffff-gggg-hhhh', false)
    }))
})
