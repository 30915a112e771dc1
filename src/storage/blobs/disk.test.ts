import { expect, test, vi } from 'vitest'
import { standIn } from '../../testing/stand-in.ts'
import { DiskBlobStore } from './disk.ts'
import { BlobStoreError, blobFolder } from './store.ts'

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
