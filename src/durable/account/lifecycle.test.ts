import { describe, expect, test, vi } from 'vitest'
import type { AccountInput } from '../../contracts/account/lifecycle.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { Sessions as SessionTable } from '../../storage/account/sessions.ts'
import {
  type AccountParts,
  DID,
  HANDLE,
  waitingEvents,
  withAccount,
  withoutAccount,
} from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { Keys } from './keys.ts'
import { Lifecycle } from './lifecycle.ts'

const refused = (name: string) => expect.objectContaining({ name })

const input: AccountInput = { did: DID, handle: HANDLE, email: null, password: null }

const CREATED = ['#identity', '#account', '#commit', '#sync']

/** The lifecycle, with keys that are kept in memory only. */
function lifecycleOf(
  { core, store, sql, key }: AccountParts,
  oauth: () => Promise<void> = async () => undefined,
) {
  let remembered: SigningKey | undefined = key
  const keys = standIn<Keys>({
    current: async () => remembered ?? key,
    seal: async (sealed) => sealed.toBytes(),
    cache(next) {
      remembered = next
    },
  })
  const sessions = new SessionTable(sql)
  const here = vi.fn(() => sessions.closeAll())
  const signOut = { here, browsers: vi.fn(), oauth: vi.fn(oauth) }
  const notes = { add: vi.fn(), send: async () => undefined }
  const lifecycle = new Lifecycle(core, store, keys, sessions, signOut, notes, async () => {})
  return { lifecycle, sessions, signOut, remembered: () => remembered?.did() }
}

const oauthIsDown = async () => {
  throw new Error('OAuth is down')
}

describe('a creation', () => {
  test('that is prepared shows nothing, but starts the job that completes it should it break off', () =>
    withoutAccount(async (parts) => {
      const { lifecycle } = lifecycleOf(parts)
      await lifecycle.prepare(input)
      expect(() => parts.profile.get()).toThrow(refused('RepoNotFound'))
      expect(parts.profile.pending()).toBe('active')
      expect(waitingEvents(parts)).toEqual([])
      expect(parts.core.changed).toHaveBeenCalledOnce()
    }))

  test('is told of once, however often it is opened', () =>
    withoutAccount(async (parts) => {
      const { lifecycle, sessions } = lifecycleOf(parts)
      await lifecycle.prepare(input)
      const first = await lifecycle.open()
      const second = await lifecycle.open()
      expect(first.account).toMatchObject({ did: DID, handle: HANDLE, status: 'active' })
      sessions.assertOpen(first.session.family)
      sessions.assertOpen(second.session.family)
      expect(waitingEvents(parts)).toEqual(CREATED)
      expect(parts.core.delivered).toHaveBeenCalled()
    }))

  test('takes the place of one that was left half way, with its own key', () =>
    withoutAccount(async (parts) => {
      const { lifecycle, remembered } = lifecycleOf(parts)
      await lifecycle.prepare({ ...input, handle: 'abandoned.test' })
      const key = SigningKey.generate('p256')
      await lifecycle.prepare({ ...input, signingKey: key.toBytes(), becomes: 'deactivated' })
      expect(remembered()).toBe(key.did())
      const { account } = await lifecycle.open()
      expect(account).toMatchObject({ handle: HANDLE, status: 'deactivated' })
      expect(waitingEvents(parts)).toEqual([])
    }))

  test('is refused where there is an account, which stays as it is', () =>
    withAccount(async (parts) => {
      const { lifecycle, remembered } = lifecycleOf(parts)
      for (const creating of [lifecycle.create(input), lifecycle.prepare(input)]) {
        await expect(creating).rejects.toMatchObject({
          message: `Account already exists: ${DID}`,
        })
      }
      expect(parts.profile.get().status).toBe('active')
      expect(remembered()).toBe(parts.key.did())
    }))

  test('may be given up as long as it is pending, and not later', async () => {
    await withoutAccount(async (parts) => {
      const { lifecycle } = lifecycleOf(parts)
      await lifecycle.prepare(input)
      lifecycle.discard()
      expect(parts.profile.isDeleted()).toBe(true)
      expect(waitingEvents(parts)).toEqual([])
      await lifecycle.create(input)
      expect(parts.profile.get().status).toBe('active')
    })
    await withAccount((parts) => {
      lifecycleOf(parts).lifecycle.discard()
      expect(parts.profile.get().status).toBe('active')
    })
  })
})

test('a deactivation and its end are acknowledged when the network was told', () =>
  withAccount(async (parts) => {
    const { lifecycle, signOut } = lifecycleOf(parts)
    await lifecycle.deactivate('2100-01-01T00:00:00.000Z')
    expect(parts.profile.get()).toMatchObject({
      status: 'deactivated',
      deleteAfter: '2100-01-01T00:00:00.000Z',
    })
    await lifecycle.activate()
    expect(parts.profile.get()).toMatchObject({ status: 'active', deleteAfter: null })
    expect(waitingEvents(parts)).toEqual(['#account', '#account', '#identity', '#sync'])
    expect(parts.core.delivered).toHaveBeenCalledTimes(2)
    expect(signOut.oauth).not.toHaveBeenCalled()
  }))

describe('a takedown', () => {
  test('ends sessions and what apps were given; its end gives nothing back, and ends what it left open', () =>
    withAccount(async (parts) => {
      const { lifecycle, sessions, signOut } = lifecycleOf(parts)
      const { family } = sessions.open('com.atproto.access', null)
      await lifecycle.setTakedown('a reason')
      const meanwhile = sessions.open('com.atproto.takendown', null)
      await lifecycle.setTakedown(null)
      expect(parts.profile.get().status).toBe('active')
      for (const session of [family, meanwhile.family]) {
        expect(() => sessions.assertOpen(session)).toThrow(refused('ExpiredToken'))
      }
      expect(signOut.oauth).toHaveBeenCalledTimes(2)
      const later = sessions.open('com.atproto.access', null)
      await lifecycle.setTakedown(null)
      sessions.assertOpen(later.family)
      expect(signOut.oauth).toHaveBeenCalledTimes(2)
    }))

  test('counts also when OAuth cannot be told, and the moderator is told of that', () =>
    withAccount(async (parts) => {
      const { lifecycle } = lifecycleOf(parts, oauthIsDown)
      await expect(lifecycle.setTakedown('a reason')).rejects.toThrow('OAuth is down')
      expect(parts.profile.get().status).toBe('takendown')
      expect(waitingEvents(parts)).toEqual(['#account'])
      expect(parts.core.changed).toHaveBeenCalledOnce()
    }))
})

describe('a deletion', () => {
  test('leaves the event that tells of it, and neither sessions nor the key', () =>
    withAccount(async (parts) => {
      const { lifecycle, sessions, remembered } = lifecycleOf(parts)
      const { family } = sessions.open('com.atproto.access', null)
      sessions.assertOpen(family)
      await lifecycle.destroy()
      expect(parts.profile.isDeleted()).toBe(true)
      expect(() => sessions.assertOpen(family)).toThrow(refused('ExpiredToken'))
      expect(remembered()).toBeUndefined()
      expect(waitingEvents(parts)).toEqual(['#account'])
      await expect(lifecycle.destroy()).rejects.toMatchObject(refused('RepoNotFound'))
    }))

  test('counts also when OAuth cannot be told, which is made up for in the background', () =>
    withAccount(async (parts) => {
      const { lifecycle, remembered } = lifecycleOf(parts, oauthIsDown)
      await expect(lifecycle.destroy()).rejects.toThrow('OAuth is down')
      expect(parts.profile.isDeleted()).toBe(true)
      expect(remembered()).toBeUndefined()
      expect(parts.core.changed).toHaveBeenCalledOnce()
    }))
})
