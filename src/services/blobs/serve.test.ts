import { beforeAll, expect, test } from 'vitest'
import { bucket, getBlob, putFiles, upload } from '../../testing/blobs.ts'
import { makeAccount, outcome, type TestAccount } from '../../testing/host.ts'

const TEXT = 'the content of a blob'
let account: TestAccount
let cid: string
let emptyCid: string

beforeAll(async () => {
  account = await makeAccount()
  const blob = await upload(account, TEXT)
  const empty = await upload(account, '')
  await putFiles(account, 'a', [blob, empty])
  cid = blob.ref.$link
  emptyCid = empty.ref.$link
})

const get = (headers: Record<string, string> = {}, method = 'GET') =>
  getBlob(account, cid, { method, headers })

test('a blob comes with what browsers and caches must know of it', async () => {
  const response = await get()
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(TEXT)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    etag: `"${cid}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'public, max-age=300, must-revalidate',
    'content-type': 'text/plain',
    'content-length': String(TEXT.length),
    'content-disposition': `attachment; filename="${cid}"`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  })
})

test.each([
  ...['text/javascript', 'application/javascript', 'TEXT/JavaScript', 'application/x-javascript'],
  ...['text/ecmascript', 'text/jscript', 'text/livescript', 'text/javascript1.5', 'text/css'],
])('what a browser would run is given as bytes, and kept as what it is: %s', async (type) => {
  const blob = await upload(account, `/* ${type} */ alert(1)`, type)
  expect(blob.mimeType.toLowerCase()).toBe(type.toLowerCase())
  await putFiles(account, 'program', [blob])
  for (const method of ['GET', 'HEAD']) {
    const { headers } = await getBlob(account, blob.ref.$link, { method })
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test.each(['image/svg+xml', 'text/html', 'application/json', 'text/csv', 'font/woff2'])(
  'what a browser shows only, or not at all, keeps its type: %s',
  async (type) => {
    const blob = await upload(account, `${type}`, type)
    await putFiles(account, 'shown', [blob])
    const { headers } = await getBlob(account, blob.ref.$link)
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    // Apps show images of this host in pages of their own.
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  },
)

test('HEAD answers with the same headers and no bytes, whatever range is asked for', async () => {
  const response = await get({ range: 'bytes=1-2' }, 'HEAD')
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
  const [head, full] = [response, await get()].map(({ headers }) => {
    const { 'x-request-id': _, ...rest } = Object.fromEntries(headers)
    return rest
  })
  expect(head).toEqual(full)
})

test.each(['GET', 'HEAD'])(
  '%s by somebody who has it already is answered with 304',
  async (verb) => {
    const response = await get({ 'if-none-match': `"x", W/"${cid}"`, range: 'bytes=0-1' }, verb)
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe(`"${cid}"`)
    expect(response.headers.get('cache-control')).toContain('max-age=300')
  },
)

test.each([
  ['bytes=4-10', 'content', 'bytes 4-10/21'],
  ['bytes=17-', 'blob', 'bytes 17-20/21'],
  ['bytes=-4', 'blob', 'bytes 17-20/21'],
  ['bytes=0-99', TEXT, 'bytes 0-20/21'],
])('%s is answered with that part', async (range, part, contentRange) => {
  const response = await get({ range, 'if-range': `"${cid}"` })
  expect(response.status).toBe(206)
  expect(await response.text()).toBe(part)
  expect(response.headers.get('content-range')).toBe(contentRange)
  expect(response.headers.get('content-length')).toBe(String(part.length))
  expect(response.headers.get('content-security-policy')).toContain('sandbox')
})

test('a range behind the end is answered with 416 and the size', async () => {
  const response = await get({ range: 'bytes=21-' })
  expect(response.headers.get('content-range')).toBe('bytes */21')
  expect(await outcome(response)).toEqual({ status: 416, error: 'RangeNotSatisfiable' })
})

test.each<Record<string, string>>([
  { range: 'bytes=0-1,3-4' },
  { range: 'lines=1-2' },
  { range: 'bytes=1-2', 'if-range': '"another"' },
])('%j is answered with the whole', async (headers) => {
  const response = await get(headers)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(TEXT)
})

test('an empty blob is served, whatever part is asked for', async () => {
  const response = await getBlob(account, emptyCid, { headers: { range: 'bytes=0-' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-length')).toBe('0')
  expect(await response.text()).toBe('')
})

test('bytes that are gone from the store are no internal error', async () => {
  const lost = await upload(account, 'lost')
  await putFiles(account, 'lost', [lost])
  const { objects } = await bucket.list()
  for (const { key, size } of objects) if (size === 4) await bucket.delete(key)
  expect(await outcome(await getBlob(account, lost.ref.$link))).toEqual({
    status: 400,
    error: 'BlobNotFound',
  })
})
