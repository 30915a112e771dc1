import { expect, test, vi } from 'vitest'
import { standIn } from '../../testing/stand-in.ts'
import { DiskBlobStore } from './disk.ts'
import { BlobStoreError, blobFolder } from './store.ts'

test('bytes are stored once their file is synced, and not if it cannot be', async () => {
  const done: string[] = []
  let status = 200
  const disk = standIn<Fetcher>({
    async fetch(input: RequestInfo | URL) {
      done.push(`disk ${input}`)
      return new Response()
    },
  })
  const host = standIn<Fetcher>({
    async fetch(input: RequestInfo | URL) {
      done.push(`host ${input}`)
      return new Response(null, { status })
    },
  })
  const store = new DiskBlobStore(disk, host)
  await store.put('a/b', new Uint8Array(1))
  expect(done).toEqual(['disk http://disk/a/b', 'host http://disk-space/sync/a/b'])
  status = 500
  await expect(store.put('a/b', new Uint8Array(1))).rejects.toThrow(BlobStoreError)
})

test('what is to be done meanwhile is done while the file is synced, and what goes wrong with either is said after both', async () => {
  const done: string[] = []
  let status = 200
  let finish = () => {}
  const disk = standIn<Fetcher>({ fetch: async () => new Response(null, { status: 204 }) })
  const host = standIn<Fetcher>({
    async fetch() {
      done.push('sync')
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      done.push('synced')
      return new Response(null, { status })
    },
  })
  const store = new DiskBlobStore(disk, host)
  const put = (error?: Error) =>
    store.put('a/b', new Uint8Array(1), 1, async () => {
      done.push('meanwhile')
      finish()
      if (error) throw error
    })
  await put()
  expect(done.splice(0)).toEqual(['sync', 'meanwhile', 'synced'])
  await expect(put(new Error('of the work'))).rejects.toThrow('of the work')
  expect(done.splice(0)).toEqual(['sync', 'meanwhile', 'synced'])
  status = 500
  await expect(put()).rejects.toThrow(BlobStoreError)
})

test('nothing but the folder of one account is deleted as a whole', async () => {
  const fetch = vi.fn(async () => new Response())
  const store = new DiskBlobStore(standIn<Fetcher>({ fetch }))
  for (const folder of ['', '.', '..', '../x', 'x/y']) {
    await expect(store.deleteFolder(folder)).rejects.toThrow(BlobStoreError)
  }
  expect(fetch).not.toHaveBeenCalled()
  await store.deleteFolder(blobFolder('did:web:localhost%3A1'))
  expect(fetch).toHaveBeenCalledWith('http://disk/did_3Aweb_3Alocalhost_253A1', {
    method: 'DELETE',
  })
})
