import { describe, expect, test, vi } from 'vitest'
import { BlobTakedowns } from '../../storage/account/blob-takedowns.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import { type AccountParts, withAccount } from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { deleteBlobs } from './jobs.ts'

describe('the deletion of blobs', () => {
  const blob = (name: string) => ({
    cid: `bafkrei${name}`,
    key: name,
    mimeType: 'text/plain',
    size: 1,
  })

  /** A store of which only deletions are asked. */
  const storeOf = (deleting: (key: string) => Promise<void>) => () =>
    standIn<BlobStore>({ delete: deleting })

  const takedownsOf = ({ sql, blobIndex }: AccountParts) => new BlobTakedowns(sql, blobIndex)

  /** Blobs that were uploaded and whose keys are to be deleted. */
  function discarded({ blobIndex }: AccountParts, count: number): string[] {
    const names = Array.from({ length: count }, (_, index) => `k${index}`)
    for (const name of names) blobIndex.add(blob(name))
    blobIndex.expire(Number.MAX_SAFE_INTEGER)
    return names
  }

  test('forgets a key only after its bytes are gone', () =>
    withAccount(async (parts) => {
      const { blobIndex } = parts
      discarded(parts, 3)
      const asked: string[] = []
      const job = deleteBlobs(
        blobIndex,
        takedownsOf(parts),
        storeOf(async (key) => {
          expect(blobIndex.keysToDelete(10)).toContain(key)
          asked.push(key)
          if (asked.length === 2) throw new Error('the store is down')
        }),
      )
      await expect(job.run()).rejects.toThrow('the store is down')
      const [done = '', failed] = asked
      expect(blobIndex.keysToDelete(10)).toHaveLength(2)
      expect(blobIndex.keysToDelete(10)).toContain(failed)
      expect(blobIndex.keysToDelete(10)).not.toContain(done)
      expect(job.due?.()).toBeLessThanOrEqual(Date.now())
      await job.run()
      expect(asked.filter((key) => key === done)).toHaveLength(1)
      expect(blobIndex.hasKeysToDelete).toBe(false)
      expect(job.due?.()).toBeUndefined()
    }))

  test('goes on until all are gone, however many', () =>
    withAccount(async (parts) => {
      const keys = discarded(parts, 205)
      const deleting = vi.fn(async (_key: string) => undefined)
      await deleteBlobs(parts.blobIndex, takedownsOf(parts), storeOf(deleting)).run()
      expect(deleting.mock.calls.map(([key]) => key).sort()).toEqual(keys.sort())
    }))

  test('waits for the end of a quarantine, and deletes no bytes before it', () =>
    withAccount(async (parts) => {
      const deleting = vi.fn(async (_key: string) => undefined)
      const takedowns = takedownsOf(parts)
      const job = deleteBlobs(parts.blobIndex, takedowns, storeOf(deleting))
      parts.blobIndex.add(blob('a'))
      const { cid } = blob('a')
      const end = Date.now() + 60_000
      takedowns.set(cid, 'case', end)
      expect(job.due?.()).toBe(end)
      await job.run()
      expect(deleting).not.toHaveBeenCalled()
      takedowns.set(cid, 'another case', end + 60_000)
      expect(job.due?.()).toBe(end)
      vi.useFakeTimers({ toFake: ['Date'] })
      try {
        vi.setSystemTime(end)
        await job.run()
      } finally {
        vi.useRealTimers()
      }
      expect(deleting).toHaveBeenCalledExactlyOnceWith('a')
      expect(job.due?.()).toBeUndefined()
      expect(takedowns.state(cid)).toEqual({
        takedown: 'another case',
        bytes: null,
        deleteAt: null,
      })
    }))

  test('waits for uploads that no record refers to, and leaves alone what one refers to', () =>
    withAccount(async (parts) => {
      const { blobIndex } = parts
      const deleting = vi.fn(async (_key: string) => undefined)
      const job = deleteBlobs(blobIndex, takedownsOf(parts), storeOf(deleting))
      const [used, unused] = [blob('used'), blob('unused')]
      blobIndex.add(used)
      blobIndex.add(unused)
      blobIndex.setReferences(new Map([['com.example.note/a', [used]]]))
      expect(job.due?.()).toBe(blobIndex.nextExpiry())
      await job.run()
      expect(deleting).not.toHaveBeenCalled()
      vi.useFakeTimers({ toFake: ['Date'] })
      try {
        vi.setSystemTime(job.due?.() ?? 0)
        await job.run()
      } finally {
        vi.useRealTimers()
      }
      expect(deleting.mock.calls).toEqual([['unused']])
      expect(job.due?.()).toBeUndefined()
    }))
})
