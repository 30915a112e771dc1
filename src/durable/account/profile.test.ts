import { describe, expect, test } from 'vitest'
import { Preferences as PreferenceTable } from '../../storage/account/preferences.ts'
import {
  type AccountParts,
  DID,
  HANDLE,
  record,
  waitingEvents,
  withAccount,
  withoutAccount,
} from '../../testing/account-parts.ts'
import { Email } from './email.ts'
import { Preferences } from './preferences.ts'
import { Profile } from './profile.ts'

const refused = (name: string) => expect.objectContaining({ name })

describe('the profile', () => {
  const profileOf = ({ core, store, blobIndex, sql }: AccountParts) =>
    new Profile(core, store, { begin() {}, end() {} }, blobIndex, new PreferenceTable(sql))

  test('is nobody before the account is created', () =>
    withoutAccount(async (parts) => {
      const profile = profileOf(parts)
      const reads = [() => profile.get(), () => profile.inventory(), () => profile.usage()]
      for (const read of reads) expect(read).toThrow(refused('RepoNotFound'))
      await expect(profile.setHandle('new.test')).rejects.toMatchObject(refused('RepoNotFound'))
      expect(parts.core.changed).not.toHaveBeenCalled()
    }))

  test('has a new handle at once, and says so when the network was told', () =>
    withAccount(async (parts) => {
      const { core } = parts
      const { promise, resolve } = Promise.withResolvers<void>()
      core.delivered.mockReturnValue(promise)
      const profile = profileOf(parts)
      const order: string[] = []
      const changing = profile.setHandle('new.test').then(() => order.push('acknowledged'))
      expect(profile.get()).toMatchObject({ did: DID, handle: 'new.test' })
      expect(waitingEvents(parts)).toEqual(['#identity'])
      expect(core.changed).toHaveBeenCalledBefore(core.delivered)
      order.push('told')
      resolve()
      await changing
      expect(order).toEqual(['told', 'acknowledged'])
    }))

  test('tells the network to look again without a change', () =>
    withAccount(async (parts) => {
      await profileOf(parts).announceIdentity()
      expect(waitingEvents(parts)).toEqual(['#identity'])
      expect(parts.core.changed).toHaveBeenCalledOnce()
      expect(profileOf(parts).get().handle).toBe(HANDLE)
    }))

  test('tells the network to fetch the repository, unless it is not to be seen', () =>
    withAccount(async (parts) => {
      await profileOf(parts).announceHead()
      expect(waitingEvents(parts)).toEqual(['#sync'])
      parts.store.deactivate(null)
      await profileOf(parts).announceHead()
      expect(waitingEvents(parts)).toEqual(['#sync', '#account'])
    }))

  test('counts what is there, and what is still to come', () =>
    withAccount((parts) => {
      const { repo, blobIndex, key, sql } = parts
      const [here, missing] = ['bafkreihere', 'bafkreimissing'].map((cid) => ({
        cid,
        mimeType: 'text/plain',
        size: 3,
      }))
      if (!here || !missing) throw new Error('no blobs')
      blobIndex.add({ ...here, key: 'key' })
      const create = (rkey: string) =>
        ({ action: 'create', collection: 'com.example.note', rkey, record: record(rkey) }) as const
      repo.write(DID, key, { writes: [create('a'), create('b')] })
      blobIndex.setReferences(new Map([['com.example.note/a', [here, missing]]]))
      new PreferenceTable(sql).set([{ type: 'a', value: '{}' }], true)
      expect(profileOf(parts).inventory()).toMatchObject({
        active: true,
        head: repo.headStrings().cid,
        rev: repo.headStrings().rev,
        records: 2,
        preferences: 1,
        expectedBlobs: 2,
        importedBlobs: 1,
      })
      expect(profileOf(parts).usage()).toMatchObject({ records: 2, blobs: 1, blobBytes: 3 })
    }))
})

describe('the e-mail address', () => {
  test('is unconfirmed when it is new, and nothing is mailed to it at sign-in', () =>
    withAccount(
      ({ core, profile }) => {
        const email = new Email(core)
        expect(email.confirm('a@example.com')).toBe(true)
        profile.update({ emailAuthFactor: 1 })
        expect(profile.get().emailAuthFactor).toBe(true)
        email.set('b@example.com')
        expect(profile.get()).toMatchObject({
          email: 'b@example.com',
          emailConfirmedAt: null,
          emailAuthFactor: false,
        })
        expect(email.confirm('b@example.com')).toBe(true)
        expect(profile.get().emailAuthFactor).toBe(false)
      },
      { email: 'a@example.com' },
    ))

  test('is not confirmed by who has shown to read another one', () =>
    withAccount(
      ({ core, profile }) => {
        expect(new Email(core).confirm('b@example.com')).toBe(false)
        expect(profile.get().emailConfirmedAt).toBeNull()
      },
      { email: 'a@example.com' },
    ))
})

describe('preferences', () => {
  const PRIVATE = 'app.bsky.actor.defs#personalDetailsPref'
  const entry = (type: string, value = '{}') => ({ type, value })

  test('that only the main password may see are neither shown to others nor replaced by them', () =>
    withAccount(({ core, sql }) => {
      const preferences = new Preferences(core, new PreferenceTable(sql))
      preferences.set([entry(PRIVATE), entry('a')], true)
      expect(preferences.get(false)).toEqual([entry('a')])
      preferences.set([entry('b')], false)
      expect(preferences.get(true)).toEqual([entry(PRIVATE), entry('b')])
      preferences.set([], true)
      expect(preferences.get(true)).toEqual([])
    }))

  test('are set all or not at all', () =>
    withAccount(({ core, sql }) => {
      const preferences = new Preferences(core, new PreferenceTable(sql))
      preferences.set([entry('a'), entry('b')], true)
      sql.exec(
        "CREATE TRIGGER broken BEFORE INSERT ON preference WHEN NEW.type = 'd' BEGIN SELECT RAISE(ABORT, 'broken'); END",
      )
      expect(() => preferences.set([entry('c'), entry('d')], true)).toThrow('broken')
      expect(preferences.get(true)).toEqual([entry('a'), entry('b')])
    }))

  test('are those of an account', () =>
    withoutAccount(({ core, sql }) => {
      const preferences = new Preferences(core, new PreferenceTable(sql))
      expect(() => preferences.get(true)).toThrow(refused('RepoNotFound'))
      expect(() => preferences.set([], true)).toThrow(refused('RepoNotFound'))
    }))
})
