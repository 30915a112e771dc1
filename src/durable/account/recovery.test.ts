import { afterEach, describe, expect, test, vi } from 'vitest'
import type { RpcClient } from '../../contracts/answer.ts'
import type { DirectoryAccountsRpc } from '../../contracts/directory.ts'
import type { OAuthAccountsRpc } from '../../contracts/oauth.ts'
import type { DirectoryClient, OAuthClient } from '../../services/objects/stubs.ts'
import {
  type AccountParts,
  createPending,
  DID,
  forgetEvents,
  HANDLE,
  withAccount,
  withoutAccount,
} from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { Recovery } from './recovery.ts'

const PLC_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

/** How long a creation may take, in ms. */
const CREATION = 2 * 60 * 1000

type DirectoryAccounts = RpcClient<{ accounts: DirectoryAccountsRpc }>['accounts']
type OAuthAccounts = RpcClient<{ accounts: OAuthAccountsRpc }>['accounts']

interface Others {
  find?: DirectoryAccounts['find']
  remove?: DirectoryAccounts['remove']
  signOut?: OAuthAccounts['remove']
  hasOtherWork?: () => boolean
}

/** The job, with a directory that knows nobody unless `others` says so. */
function recoveryOf({ core, profile, outbox, store }: AccountParts, others: Others = {}) {
  const remove = vi.fn(others.remove ?? (async () => undefined))
  const signOut = vi.fn(others.signOut ?? (async () => undefined))
  const accounts = standIn<DirectoryAccounts>({
    find: others.find ?? (async () => undefined),
    remove,
  })
  const open = vi.fn(async () => undefined)
  const destroy = vi.fn(() => store.destroy())
  const wipe = vi.fn(async () => undefined)
  const recovery = new Recovery({
    plc: core.plc,
    objects: {
      directory: standIn<DirectoryClient>({ accounts }),
      oauth: standIn<OAuthClient>({
        accounts: { remove: signOut, epoch: async () => 0, removeClient: async () => undefined },
      }),
    },
    profile,
    outbox,
    hasOtherWork: others.hasOtherWork ?? (() => false),
    open,
    destroy,
    wipe,
  })
  return { recovery, open, destroy, wipe, remove, signOut }
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('there is nothing to complete for an account that is complete, or that never was', async () => {
  for (const setting of [withAccount, withoutAccount]) {
    await setting(async (parts) => {
      const { recovery, open, destroy, wipe } = recoveryOf(parts)
      expect(recovery.due()).toBeUndefined()
      await recovery.run()
      for (const action of [open, destroy, wipe]) expect(action).not.toHaveBeenCalled()
    })
  }
})

describe('a creation that broke off', () => {
  /** Two minutes after a creation was begun. */
  const withBrokenOff = (
    work: (parts: AccountParts) => Promise<void>,
    input: Parameters<typeof createPending>[1] = {},
  ) =>
    withoutAccount(async (parts) => {
      vi.useFakeTimers({ toFake: ['Date'] })
      await createPending(parts, input)
      vi.setSystemTime(Date.now() + CREATION)
      await work(parts)
    })

  /** The PLC directory gives one answer to everything. */
  const mockPlc = (answer: () => Promise<Response>) =>
    vi.spyOn(globalThis, 'fetch').mockImplementation(answer)

  test('is left alone for two minutes', () =>
    withBrokenOff(async (parts) => {
      const { recovery, destroy } = recoveryOf(parts)
      expect(recovery.due()).toBe(Date.now())
      vi.setSystemTime(Date.now() - 1)
      await recovery.run()
      expect(destroy).not.toHaveBeenCalled()
    }))

  test('is completed when the directory knows the account', () =>
    withBrokenOff(async (parts) => {
      const find = vi.fn(async () => ({ did: DID, handle: HANDLE, email: null }))
      const { recovery, open, destroy } = recoveryOf(parts, { find })
      await recovery.run()
      expect(find.mock.calls).toEqual([['did', DID]])
      expect(open).toHaveBeenCalledOnce()
      expect(destroy).not.toHaveBeenCalled()
    }))

  test('is removed when it does not', () =>
    withBrokenOff(async (parts) => {
      const plc = mockPlc(async () => new Response())
      const { recovery, open, destroy } = recoveryOf(parts)
      await recovery.run()
      expect(destroy).toHaveBeenCalledOnce()
      expect(open).not.toHaveBeenCalled()
      expect(plc).not.toHaveBeenCalled()
    }))

  test('is neither while the directory cannot be asked', () =>
    withBrokenOff(async (parts) => {
      const { recovery, open, destroy } = recoveryOf(parts, {
        find: async () => {
          throw new Error('the directory is down')
        },
      })
      await expect(recovery.run()).rejects.toThrow('the directory is down')
      for (const action of [open, destroy]) expect(action).not.toHaveBeenCalled()
    }))

  test('and was completed or begun anew meanwhile is not removed', async () => {
    await withBrokenOff(async (parts) => {
      const { recovery, destroy } = recoveryOf(parts, {
        find: async () => {
          parts.store.open(parts.key, 'active')
          return undefined
        },
      })
      await recovery.run()
      expect(destroy).not.toHaveBeenCalled()
    })
    await withBrokenOff(async (parts) => {
      const { recovery, destroy } = recoveryOf(parts, {
        find: async () => {
          await createPending(parts)
          return undefined
        },
      })
      await recovery.run()
      expect(destroy).not.toHaveBeenCalled()
      expect(recovery.due()).toBe(Date.now() + CREATION)
    })
  })

  test('takes its identity with it, which the PLC directory may never have heard of', () =>
    withBrokenOff(
      async (parts) => {
        mockPlc(async () => Response.json({ message: 'DID not registered' }, { status: 404 }))
        const { recovery, destroy } = recoveryOf(parts)
        await recovery.run()
        expect(destroy).toHaveBeenCalledOnce()
      },
      { did: PLC_DID },
    ))

  test('stays while the PLC directory cannot be reached', () =>
    withBrokenOff(
      async (parts) => {
        mockPlc(async () => new Response(null, { status: 503 }))
        const { recovery, destroy } = recoveryOf(parts)
        await expect(recovery.run()).rejects.toMatchObject({ name: 'PlcError' })
        expect(destroy).not.toHaveBeenCalled()
      },
      { did: PLC_DID },
    ))

  test('leaves an identity alone that was to move here from another host', () =>
    withBrokenOff(
      async (parts) => {
        const plc = mockPlc(async () => new Response())
        const { recovery, destroy } = recoveryOf(parts)
        await recovery.run()
        expect(destroy).toHaveBeenCalledOnce()
        expect(plc).not.toHaveBeenCalled()
      },
      { did: PLC_DID, becomes: 'deactivated' },
    ))
})

describe('a deletion', () => {
  const withDeleted = (work: (parts: AccountParts) => Promise<void>) =>
    withAccount(async (parts) => {
      parts.store.destroy()
      await work(parts)
    })

  test('is completed once the network knows of it and the bytes of blobs are gone', () =>
    withDeleted(async (parts) => {
      let hasOtherWork = true
      const { recovery, wipe, remove, signOut } = recoveryOf(parts, {
        hasOtherWork: () => hasOtherWork,
      })
      expect(recovery.due()).toBeLessThanOrEqual(Date.now())
      await recovery.run()
      forgetEvents(parts)
      await recovery.run()
      expect(wipe).not.toHaveBeenCalled()
      hasOtherWork = false
      await recovery.run()
      expect(wipe).toHaveBeenCalledOnce()
      expect(remove).toHaveBeenCalledWith(DID)
      expect(signOut).toHaveBeenCalledWith(DID, { devices: true, gone: true })
    }))

  test('waits for the network, blobs or not', () =>
    withDeleted(async (parts) => {
      const { recovery, wipe } = recoveryOf(parts)
      await recovery.run()
      expect(wipe).not.toHaveBeenCalled()
    }))

  test('is announced once, however long the other jobs take', () =>
    withDeleted(async (parts) => {
      const { recovery, wipe, remove, signOut } = recoveryOf(parts)
      for (let n = 0; n < 3; n++) await recovery.run()
      expect(recovery.due()).toBeUndefined()
      expect(remove).toHaveBeenCalledOnce()
      expect(signOut).toHaveBeenCalledOnce()
      forgetEvents(parts)
      expect(recovery.due()).toBeLessThanOrEqual(Date.now())
      await recovery.run()
      expect(wipe).toHaveBeenCalledOnce()
    }))

  test('waits for the directory and for OAuth', () =>
    withDeleted(async (parts) => {
      forgetEvents(parts)
      const down = async () => {
        throw new Error('it is down')
      }
      for (const others of [{ remove: down }, { signOut: down }]) {
        const { recovery, wipe } = recoveryOf(parts, others)
        await expect(recovery.run()).rejects.toThrow('it is down')
        expect(wipe).not.toHaveBeenCalled()
      }
    }))

  test('does not take away an account that somebody began to create meanwhile', () =>
    withDeleted(async (parts) => {
      forgetEvents(parts)
      const { recovery, wipe } = recoveryOf(parts, { signOut: () => createPending(parts) })
      await recovery.run()
      expect(wipe).not.toHaveBeenCalled()
    }))
})
