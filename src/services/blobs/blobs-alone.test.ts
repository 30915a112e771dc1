import { XRPCError } from '@atproto/xrpc-server'
import { describe, expect, test, vi } from 'vitest'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { AccountClient } from '../objects/stubs.ts'
import { BlobService } from './blobs.ts'

const did = 'did:web:alice.test'

/** A store in memory. */
class MemoryStore implements BlobStore {
  readonly blobs = new Map<string, Uint8Array>()

  async put(key: string, body: ReadableStream<Uint8Array>): Promise<void> {
    this.blobs.set(key, new Uint8Array(await new Response(body).arrayBuffer()))
  }

  async get(key: string): Promise<ReadableStream<Uint8Array> | undefined> {
    const bytes = this.blobs.get(key)
    return bytes && streamOf(bytes)
  }

  async delete(key: string): Promise<void> {
    this.blobs.delete(key)
  }

  async deleteFolder(folder: string): Promise<void> {
    for (const key of this.blobs.keys()) if (key.startsWith(`${folder}/`)) this.blobs.delete(key)
  }
}

const streamOf = (content: string | Uint8Array) =>
  new Blob([content]).stream() as ReadableStream<Uint8Array>

/** Blobs of a host whose object answers as `account` does. */
function serviceOf(account: Partial<AccountClient['blobs']>, limit = 100) {
  const store = new MemoryStore()
  const openStore = vi.fn(() => store)
  const kept: Promise<unknown>[] = []
  const service = new BlobService({
    config: { blobUploadLimit: limit, imageLocation: 'allow' },
    objects: {
      account: () =>
        standIn<AccountClient>({
          blobs: standIn<AccountClient['blobs']>({
            assertMayUpload: async () => ({ isOff: false, signOuts: 0 }),
            ...account,
          }),
        }),
    },
    space: { assertRoom: async () => undefined },
    store: openStore,
    isLimited: () => false,
    waitUntil: (work) => kept.push(work),
  })
  const upload = (content: string, size: number | undefined = content.length) =>
    service.upload(did, streamOf(content), { declaredType: 'text/plain', size })
  return { service, upload, store, openStore, kept }
}

describe('an upload', () => {
  test('is stored first and then noted by the account', async () => {
    const noted: BlobRow[] = []
    const { upload, store } = serviceOf({
      async add(blob) {
        expect(store.blobs.has(blob.key)).toBe(true)
        noted.push(blob)
        return blob
      },
    })
    const blob = await upload('hello')
    expect(noted).toEqual([blob])
    expect(blob).toMatchObject({ mimeType: 'text/plain', size: 5 })
    expect(new TextDecoder().decode(store.blobs.get(blob.key))).toBe('hello')
  })

  test('that the account refuses leaves no bytes behind', async () => {
    const refusal = new XRPCError(400, 'Could not find repo', 'RepoNotFound')
    const { upload, store } = serviceOf({ add: () => Promise.reject(refusal) })
    await expect(upload('hello')).rejects.toBe(refusal)
    expect(store.blobs.size).toBe(0)
  })

  test('whose answer never came keeps its bytes: it may have been noted', async () => {
    const lost = new Error('the connection was lost')
    const { upload, store } = serviceOf({ add: () => Promise.reject(lost) })
    await expect(upload('hello')).rejects.toBe(lost)
    expect(store.blobs.size).toBe(1)
  })

  test('that is too large is refused: before it is read where the client says so, else half way', async () => {
    const add = vi.fn(async (blob: BlobRow) => blob)
    const { service, upload, store, openStore } = serviceOf({ add }, 4)
    const tooLarge = { statusCode: 413, error: 'PayloadTooLarge' }
    await expect(upload('hello', 5)).rejects.toMatchObject(tooLarge)
    expect(openStore).not.toHaveBeenCalled()
    const unknown = { declaredType: 'text/plain', size: undefined }
    await expect(service.upload(did, streamOf('hello'), unknown)).rejects.toMatchObject(tooLarge)
    expect(openStore).toHaveBeenCalledOnce()
    expect(store.blobs.size).toBe(0)
    expect(add).not.toHaveBeenCalled()
  })

  test('goes on to its end, also when it fails, should the client hang up', async () => {
    const { upload, kept } = serviceOf({ add: () => Promise.reject(new Error('lost')) })
    await expect(upload('hello')).rejects.toThrow('lost')
    expect(kept).toHaveLength(1)
    await expect(kept[0]).resolves.toBeUndefined()
  })
})

describe('a request for a blob', () => {
  const blob: BlobRow = { cid: 'bafkreiblob', key: 'key', mimeType: 'text/plain', size: 5 }
  const request = new Request('http://localhost/')

  test('is answered with the bytes that the account knows', async () => {
    const get = vi.fn<AccountClient['blobs']['get']>(async () => blob)
    const { service, store } = serviceOf({ get })
    store.blobs.set('key', new TextEncoder().encode('hello'))
    const response = await service.serve(did, blob.cid, request, true)
    expect(await response?.text()).toBe('hello')
    expect(get.mock.calls).toEqual([[blob.cid, true]])
  })

  test('is refused as the account refuses it, without a look at the store', async () => {
    const refusal = new XRPCError(400, 'taken down', 'RepoTakendown')
    const { service, openStore } = serviceOf({ get: () => Promise.reject(refusal) })
    await expect(service.serve(did, blob.cid, request, false)).rejects.toBe(refusal)
    expect(openStore).not.toHaveBeenCalled()
  })

  test('finds nothing where the store has lost the bytes', async () => {
    const { service } = serviceOf({ get: async () => blob })
    expect(await service.serve(did, blob.cid, request, false)).toBeUndefined()
  })
})
