import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { blobStore } from '../../storage/blobs/choose.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import { tryStore } from './try-store.ts'

test('a store that works is left as it was', async () => {
  const keys: string[] = []
  const real = blobStore(env)
  const watched: BlobStore = {
    put: (key, body, size) => {
      keys.push(key)
      return real.put(key, body, size)
    },
    get: (key, range) => real.get(key, range),
    delete: (key) => real.delete(key),
    deleteFolder: (folder) => real.deleteFolder(folder),
  }
  await tryStore(watched)
  expect(keys).toHaveLength(1)
  expect(await real.get(keys[0] ?? '')).toBeUndefined()
})

test.each([
  ['loses', undefined, 'what was written is not there'],
  ['changes', new Uint8Array(1024), 'what was written is read as something else'],
  ['shortens', new Uint8Array(3), 'what was written is read as something else'],
])('a store that %s what it is given is told of', async (_, given, message) => {
  const deleted: string[] = []
  const broken: BlobStore = {
    put: async (_, body) => {
      await new Response(body).arrayBuffer()
    },
    get: async () => (given ? (new Response(given).body ?? undefined) : undefined),
    delete: async (key) => {
      deleted.push(key)
    },
    deleteFolder: async () => {},
  }
  await expect(tryStore(broken)).rejects.toThrow(message)
  expect(deleted).toHaveLength(1)
})

test('a store that refuses is told of, and nobody waits', async () => {
  const full: BlobStore = {
    put: () => Promise.reject(new Error('no room')),
    get: async () => undefined,
    delete: async () => {},
    deleteFolder: async () => {},
  }
  await expect(tryStore(full)).rejects.toThrow('no room')
})
