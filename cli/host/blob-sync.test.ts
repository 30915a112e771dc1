import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BlobSync } from './blob-sync.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the folder of an account is synced with each blob, and that of all when it is new, again too', async () => {
  const sync = vi.fn(async (_: string) => undefined)
  const blobs = new BlobSync(folder, sync)
  const account = join(folder, 'did_3Aweb_3Aalice.test')
  const synced = async () => {
    writeFileSync(join(account, 'a-1'), 'x')
    sync.mockClear()
    await blobs.sync('did_3Aweb_3Aalice.test/a-1')
    return sync.mock.calls.map(([path]) => path)
  }
  mkdirSync(account)
  expect(await synced()).toEqual([join(account, 'a-1'), account, folder])
  expect(await synced()).toEqual([join(account, 'a-1'), account])
  // Deleted with its blobs, and there again.
  rmSync(account, { recursive: true })
  mkdirSync(account)
  expect(await synced()).toEqual([join(account, 'a-1'), account, folder])
})

test('a folder counts as synced when its sync has succeeded', async () => {
  const account = join(folder, 'did_3Aweb_3Abob.test')
  mkdirSync(account)
  const sync = vi.fn(async (_: string) => undefined)
  const blobs = new BlobSync(folder, sync)
  sync.mockRejectedValueOnce(new Error('the disk failed'))
  await expect(blobs.sync('did_3Aweb_3Abob.test/a-1')).rejects.toThrow('the disk failed')
  sync.mockClear()
  await blobs.sync('did_3Aweb_3Abob.test/a-1')
  expect(sync).toHaveBeenCalledTimes(3)
})
