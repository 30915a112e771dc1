import { describe, expect, test, vi } from 'vitest'
import { HANDLE, waitingEvents, withAccount } from '../../testing/account-parts.ts'
import { HandleChange } from './handle-change.ts'

const NEW = 'new.test'

type Parts = Parameters<Parameters<typeof withAccount>[0]>[0]

function changeOf({ core, store }: Parts, alsoKnownAs: () => Promise<string[]>) {
  const setHandle = vi.fn(async () => undefined)
  const schedule = vi.fn()
  const change = new HandleChange({
    kv: core.storage.kv,
    lifecycle: store,
    plc: () => ({ documentData: async () => ({ alsoKnownAs: await alsoKnownAs() }) as never }),
    directory: () => ({ accounts: { setHandle } as never }),
    schedule,
    changed: core.changed,
  })
  return { change, setHandle, schedule }
}

describe('a change of the handle of which nobody knows what came', () => {
  test('is completed where the PLC directory has the new one', () =>
    withAccount(async (parts) => {
      const { change, setHandle, schedule } = changeOf(parts, async () => [`at://${NEW}`])
      change.begin(NEW)
      expect(schedule).toHaveBeenCalledOnce()
      await change.run()
      expect(parts.store.profile.get().handle).toBe(NEW)
      expect(waitingEvents(parts)).toContain('#identity')
      expect(setHandle).not.toHaveBeenCalled()
      parts.core.changed.mockClear()
      await change.run()
      expect(parts.core.changed).not.toHaveBeenCalled()
    }))

  test('is undone where it has the old one, which comes back in the directory', () =>
    withAccount(async (parts) => {
      const { change, setHandle } = changeOf(parts, async () => [`at://${HANDLE}`])
      change.begin(NEW)
      await change.run()
      const { did, handle } = parts.store.profile.get()
      expect(handle).toBe(HANDLE)
      expect(setHandle).toHaveBeenCalledExactlyOnceWith(did, HANDLE, { undoing: NEW })
    }))

  test('stays open while the directory does not answer', () =>
    withAccount(async (parts) => {
      const answer = vi.fn<() => Promise<string[]>>()
      answer.mockRejectedValueOnce(new Error('no answer'))
      answer.mockResolvedValueOnce([`at://${NEW}`])
      const { change } = changeOf(parts, answer)
      change.begin(NEW)
      await expect(change.run()).rejects.toThrow('no answer')
      await change.run()
      expect(parts.store.profile.get().handle).toBe(NEW)
    }))

  test('is left alone when another has begun while the directory was asked', () =>
    withAccount(async (parts) => {
      const { change, setHandle } = changeOf(parts, async () => {
        change.begin('newer.test')
        return [`at://${HANDLE}`]
      })
      change.begin(NEW)
      await change.run()
      expect(setHandle).not.toHaveBeenCalled()
    }))
})
