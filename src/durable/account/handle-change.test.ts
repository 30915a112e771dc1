import { afterEach, describe, expect, test, vi } from 'vitest'
import { HANDLE, waitingEvents, withAccount } from '../../testing/account-parts.ts'
import { HandleChange } from './handle-change.ts'

const NEW = 'new.test'

type Parts = Parameters<Parameters<typeof withAccount>[0]>[0]

/** A change after which the host's directory has `wanted`, and the PLC directory what it answers. */
function changeOf({ core, store }: Parts, wanted: string, plc: () => Promise<string>) {
  const setHandle = vi.fn(async () => undefined)
  const documentData = vi.fn(async () => ({ alsoKnownAs: [`at://${await plc()}`] }) as never)
  const schedule = vi.fn()
  const change = new HandleChange({
    kv: core.storage.kv,
    lifecycle: store,
    plc: { documentData },
    directory: () => ({
      accounts: { setHandle, find: async () => ({ handle: wanted }) } as never,
    }),
    schedule,
    changed: core.changed,
  })
  return { change, setHandle, documentData, schedule }
}

/** Lets the time pass that a change may take. */
function later(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + HandleChange.DURATION)
}
afterEach(() => {
  vi.useRealTimers()
})

describe('a change of the handle of which nobody knows what came', () => {
  test('is completed where the PLC directory has the new one', () =>
    withAccount(async (parts) => {
      const { change, setHandle, schedule } = changeOf(parts, NEW, async () => NEW)
      change.begin()
      expect(schedule).toHaveBeenCalledOnce()
      later()
      await change.run()
      expect(parts.store.profile.get().handle).toBe(NEW)
      expect(waitingEvents(parts)).toContain('#identity')
      expect(setHandle).not.toHaveBeenCalled()
      expect(change.repeatAfter()).toBeUndefined()
    }))

  test('is undone where it has the old one, which comes back in the directory', () =>
    withAccount(async (parts) => {
      const { change, setHandle } = changeOf(parts, NEW, async () => HANDLE)
      change.begin()
      later()
      await change.run()
      const { did, handle } = parts.store.profile.get()
      expect(handle).toBe(HANDLE)
      expect(setHandle).toHaveBeenCalledExactlyOnceWith(did, HANDLE, { undoing: NEW })
      expect(change.repeatAfter()).toBeUndefined()
    }))

  test('that was refused is over without a question to the PLC directory', () =>
    withAccount(async (parts) => {
      const { change, documentData } = changeOf(parts, HANDLE, async () => HANDLE)
      change.begin()
      later()
      await change.run()
      expect(documentData).not.toHaveBeenCalled()
      expect(change.repeatAfter()).toBeUndefined()
    }))

  test('stays open while the directory does not answer', () =>
    withAccount(async (parts) => {
      const answer = vi.fn<() => Promise<string>>()
      answer.mockRejectedValueOnce(new Error('no answer'))
      answer.mockResolvedValueOnce(NEW)
      const { change } = changeOf(parts, NEW, answer)
      change.begin()
      later()
      await expect(change.run()).rejects.toThrow('no answer')
      await change.run()
      expect(parts.store.profile.get().handle).toBe(NEW)
    }))

  test('is left alone when another begins before it is looked at, or while the directory is asked', () =>
    withAccount(async (parts) => {
      const { change, setHandle } = changeOf(parts, NEW, async () => {
        vi.setSystemTime(Date.now() + 1)
        change.begin()
        return HANDLE
      })
      change.begin()
      later()
      change.begin()
      await change.run()
      expect(change.repeatAfter()).toBe(HandleChange.DURATION)
      later()
      await change.run()
      expect(setHandle).not.toHaveBeenCalled()
      expect(change.repeatAfter()).toBe(HandleChange.DURATION)
    }))
})
