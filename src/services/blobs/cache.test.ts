import { env } from 'cloudflare:workers'
import { beforeEach, expect, test, vi } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import {
  bucket,
  deleteFiles,
  getBlob,
  putFiles,
  type Uploaded,
  upload,
} from '../../testing/blobs.ts'
import {
  ADMIN_PASSWORD,
  basic,
  callAs,
  makeAccount,
  outcome,
  send,
  type TestAccount,
} from '../../testing/host.ts'
import { callAsOperator } from '../../testing/operator.ts'
import { standIn } from '../../testing/stand-in.ts'
import { BlobCache } from './cache.ts'

const TEXT = 'the content of a blob that is cached'
const ORIGIN = readConfig({ ...env }).publicUrl

let account: TestAccount
let blob: Uploaded
let key: string
beforeEach(async () => {
  account = await makeAccount()
  blob = await upload(account, TEXT)
  key = await newestKey()
  await putFiles(account, 'a', [blob])
})

/** The key of the account's only blob. */
async function newestKey(): Promise<string> {
  const prefix = `${encodeURIComponent(account.did).replaceAll('%', '_')}/`
  const { objects } = await bucket.list({ prefix })
  return objects[0]?.key ?? ''
}

const copies = () => caches.open('blobs')
const url = () => `${ORIGIN}/blobs/${key}`

const get = (init?: RequestInit) => getBlob(account, blob.ref.$link, init)

/** Has the blob in the cache, and in the store no more: only the cache can answer. */
async function onlyCached(): Promise<void> {
  expect(await (await get()).text()).toBe(TEXT)
  await vi.waitFor(async () => {
    const copy = await (await copies()).match(url())
    expect(await copy?.text()).toBe(TEXT)
  })
  await bucket.delete(key)
}

const headersOf = ({ headers }: Response) => {
  const {
    'x-request-id': _,
    'x-cumulus-rows-read': _read,
    'x-cumulus-rows-written': _written,
    ...rest
  } = Object.fromEntries(headers)
  return rest
}

test('a blob that was read once is served without the store, and with the same headers', async () => {
  const first = headersOf(await get())
  await onlyCached()
  const again = await get()
  expect(again.status).toBe(200)
  expect(headersOf(again)).toEqual(first)
  expect(first).toMatchObject({
    'content-length': String(TEXT.length),
    'content-type': 'text/plain',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'content-disposition': `attachment; filename="${blob.ref.$link}"`,
  })
  expect(await again.text()).toBe(TEXT)
})

test.each([
  ['bytes=4-10', 'content', 'bytes 4-10/36'],
  ['bytes=0-0', 't', 'bytes 0-0/36'],
  ['bytes=30-', 'cached', 'bytes 30-35/36'],
  ['bytes=-6', 'cached', 'bytes 30-35/36'],
  ['bytes=0-', TEXT, 'bytes 0-35/36'],
])('of a cached blob %s is answered with that part', async (range, part, contentRange) => {
  await onlyCached()
  const response = await get({ headers: { range } })
  expect(response.status).toBe(206)
  expect(response.headers.get('content-range')).toBe(contentRange)
  expect(response.headers.get('content-length')).toBe(String(part.length))
  expect(response.headers.get('content-security-policy')).toContain('sandbox')
  expect(await response.text()).toBe(part)
})

test('HEAD and 304 neither need the cache nor fill it', async () => {
  expect((await get({ method: 'HEAD' })).headers.get('content-length')).toBe(String(TEXT.length))
  expect((await get({ headers: { 'if-none-match': `"${blob.ref.$link}"` } })).status).toBe(304)
  expect(await (await copies()).match(url())).toBeUndefined()
})

test('a part of a blob is not taken for the whole', async () => {
  expect(await (await get({ headers: { range: 'bytes=0-2' } })).text()).toBe('the')
  expect(await (await copies()).match(url())).toBeUndefined()
  expect(await (await get()).text()).toBe(TEXT)
})

const takeDown = async (subject: object, applied: boolean) => {
  const response = await callAsOperator('updateSubjectStatus', { subject, takedown: { applied } })
  expect(response.status).toBe(200)
}

const ofBlob = () => ({
  $type: 'com.atproto.admin.defs#repoBlobRef',
  did: account.did,
  cid: blob.ref.$link,
})
const ofAccount = () => ({ $type: 'com.atproto.admin.defs#repoRef', did: account.did })

test('a cached blob that is taken down is served to nobody, its owner included, and again afterwards', async () => {
  await onlyCached()
  await takeDown(ofBlob(), true)
  const owner = { headers: { authorization: `Bearer ${account.accessJwt}` } }
  for (const init of [{}, owner, { headers: { range: 'bytes=0-2' } }]) {
    expect(await outcome(await get(init))).toEqual({ status: 400, error: 'BlobNotFound' })
  }
  expect((await get({ method: 'HEAD' })).status).toBe(400)
  await takeDown(ofBlob(), false)
  expect(await (await get()).text()).toBe(TEXT)
})

test('a cached blob goes with the last record that refers to it', async () => {
  await onlyCached()
  await deleteFiles(account, 'a')
  expect(await outcome(await get())).toEqual({ status: 400, error: 'BlobNotFound' })
})

test('of an account that is taken down only the operator gets a cached blob, for no cache to keep for others', async () => {
  await onlyCached()
  await takeDown(ofAccount(), true)
  expect(await outcome(await get())).toEqual({ status: 400, error: 'RepoTakendown' })
  const operator = { authorization: basic('admin', ADMIN_PASSWORD) }
  const response = await get({ headers: operator })
  expect(response.headers.get('cache-control')).toBe('private, max-age=300, must-revalidate')
  expect(await response.text()).toBe(TEXT)
})

test('of a deactivated account only its owner gets a cached blob, for no cache to keep for others', async () => {
  await onlyCached()
  const off = await callAs(account, 'com.atproto.server.deactivateAccount', {})
  expect(off.status).toBe(200)
  expect(await outcome(await get())).toEqual({ status: 400, error: 'RepoDeactivated' })
  const response = await get({ headers: { authorization: `Bearer ${account.accessJwt}` } })
  expect(response.headers.get('cache-control')).toBe('private, max-age=300, must-revalidate')
  expect(await response.text()).toBe(TEXT)
})

test('of a deleted account nobody gets a cached blob', async () => {
  await onlyCached()
  const response = await callAsOperator('deleteAccount', { did: account.did })
  expect(response.status).toBe(200)
  expect((await outcome(await get())).error).toBe('RepoNotFound')
})

test('the same bytes of another account are not served from the copy of the first', async () => {
  await onlyCached()
  const other = await makeAccount()
  await upload(other, TEXT)
  expect(await outcome(await getBlob(other, blob.ref.$link))).toMatchObject({ status: 400 })
})

test('no request reaches a copy by its key, and what is cached elsewhere is none', async () => {
  await onlyCached()
  expect((await send(`/blobs/${key}`)).status).toBe(404)
  expect(await caches.default.match(url())).toBeUndefined()
  // As if somebody had got something into the cache that answers of addresses share.
  await (await copies()).delete(url())
  await caches.default.put(
    url(),
    new Response('x'.repeat(TEXT.length), { headers: { 'cache-control': 'max-age=9' } }),
  )
  expect(await outcome(await get())).toEqual({ status: 400, error: 'BlobNotFound' })
})

test('a copy that does not have the size of the blob is none', async () => {
  await (await copies()).put(
    url(),
    new Response('another', { headers: { 'cache-control': 'max-age=9' } }),
  )
  for (const init of [{}, { headers: { range: 'bytes=0-35' } }]) {
    expect(await (await get(init)).text()).toBe(TEXT)
  }
})

test('a large blob is not copied, and comes from the store each time', async () => {
  const bytes = new Uint8Array(4 * 1024 * 1024 + 1).fill(7)
  const other = await makeAccount()
  account = other
  blob = await upload(other, bytes, 'application/octet-stream')
  key = await newestKey()
  await putFiles(other, 'large', [blob])
  expect((await (await get()).arrayBuffer()).byteLength).toBe(bytes.length)
  expect(await (await copies()).match(url())).toBeUndefined()
})

/** More than is read at once. */
const LONG = 'a'.repeat(100_000)

const row = { cid: 'bafy', key: 'a/b', mimeType: 'text/plain', size: LONG.length }
const streamOf = (text: string) => new Response(text).body as ReadableStream<Uint8Array>

/** A cache for a store that is counted. */
function cacheOf(body: () => ReadableStream<Uint8Array> | undefined, origin: string) {
  const get = vi.fn(async () => body())
  const works: Promise<unknown>[] = []
  const cache = new BlobCache(origin, (work) => works.push(work))
  const store = standIn<BlobStore>({ get })
  return { read: () => cache.read(store, row), get, works, cache, store }
}

test('bytes that nobody reads to their end are not copied, and the next reader gets all', async () => {
  const origin = `http://${crypto.randomUUID()}`
  const { read, get, works } = cacheOf(() => streamOf(LONG), origin)
  const reader = (await read())?.getReader()
  expect((await reader?.read())?.done).toBe(false)
  await reader?.cancel()
  await Promise.all(works)
  expect(await (await copies()).match(`${origin}/blobs/a/b`)).toBeUndefined()
  for (const times of [2, 2]) {
    expect(await new Response(await read()).text()).toBe(LONG)
    expect(get).toHaveBeenCalledTimes(times)
    await Promise.all(works)
  }
})

test('a store that fails half way breaks the answer off and leaves no copy', async () => {
  const origin = `http://${crypto.randomUUID()}`
  const broken = () => {
    const { readable, writable } = new IdentityTransformStream()
    const writer = writable.getWriter()
    writer.write(new Uint8Array(LONG.length - 1)).then(
      () => writer.abort(new Error('the store broke off')),
      () => undefined,
    )
    return readable
  }
  const { read, works } = cacheOf(broken, origin)
  await expect(new Response(await read()).text()).rejects.toThrow()
  await Promise.all(works)
  expect(await (await copies()).match(`${origin}/blobs/a/b`)).toBeUndefined()
})

test('what would take too much memory is not copied', async () => {
  const origin = `http://${crypto.randomUUID()}`
  const size = 4 * 1024 * 1024
  const { get, works, cache, store } = cacheOf(() => streamOf('a'.repeat(size)), origin)
  const read = (key: string) => cache.read(store, { ...row, key, size })
  // Clients that read nothing yet: the fifth comes when memory is full.
  const waiting = []
  for (const key of ['1', '2', '3', '4', '5']) waiting.push(await read(key))
  expect(works).toHaveLength(4)
  for (const stream of waiting) {
    expect((await new Response(stream).arrayBuffer()).byteLength).toBe(size)
  }
  await Promise.all(works)
  expect(get).toHaveBeenCalledTimes(5)
  for (const key of ['1', '2', '3', '4', '5']) await new Response(await read(key)).arrayBuffer()
  expect(get).toHaveBeenCalledTimes(6)
  await Promise.all(works)
  expect(works).toHaveLength(5)
})

test('a client that never goes on holds no memory for others for good', async () => {
  const origin = `http://${crypto.randomUUID()}`
  const size = 4 * 1024 * 1024
  const { works, cache, store } = cacheOf(() => streamOf('a'.repeat(size)), origin)
  const waiting = []
  for (const key of ['1', '2', '3', '4'])
    waiting.push(await cache.read(store, { ...row, key, size }))
  vi.useFakeTimers({ now: Date.now() + 11 * 60 * 1000, toFake: ['Date'] })
  try {
    waiting.push(await cache.read(store, { ...row, key: '5', size }))
  } finally {
    vi.useRealTimers()
  }
  expect(works).toHaveLength(5)
  for (const stream of waiting) await stream?.cancel()
  await Promise.all(works)
})

test('a runtime without a cache is asked for one once', async () => {
  const open = vi.spyOn(caches, 'open').mockRejectedValue(new Error('No Cache was configured'))
  try {
    const { read, works } = cacheOf(() => streamOf(LONG), 'http://none')
    for (let i = 0; i < 3; i++) expect(await new Response(await read()).text()).toBe(LONG)
    expect(open).toHaveBeenCalledTimes(1)
    expect(works).toEqual([])
  } finally {
    open.mockRestore()
  }
})
