/** Blobs on the real server: files on disk, uploads of any size, and clients that hang up. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpAgent, type BlobRef } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { exifSegment, jpeg, tiff } from '../../src/testing/image-samples.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const LIMIT = 60_000_000
const BIG = randomBytes(50_000_000)

let server: TestServer
let agent: AtpAgent

async function start(env: Record<string, string> = {}) {
  server = await startServer({ env: { PDS_BLOB_UPLOAD_LIMIT: String(LIMIT), ...env } })
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
}

/** Paths of all files in a folder of the data. */
const files = (folder: string): string[] =>
  readdirSync(join(server.dataDirectory, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Sizes in the index of the only account; to be read when the server has stopped. */
function indexedSizes(): unknown[] {
  const sizes = files(join('objects', 'AccountObject'))
    .filter((path) => path.endsWith('.sqlite'))
    .flatMap((path) => {
      const database = new DatabaseSync(path)
      const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'blob'").all()
      const rows =
        tables.length === 0 ? [] : database.prepare('SELECT size FROM blob ORDER BY size').all()
      database.close()
      return rows.map(({ size }) => size)
    })
  return sizes
}

const authorization = () => `Bearer ${agent.session?.accessJwt}`

const post = (body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${server.origin}/xrpc/com.atproto.repo.uploadBlob`, {
    method: 'POST',
    headers: { authorization: authorization(), 'content-type': 'text/plain', ...headers },
    body,
    // Node wants this for streams.
    ...{ duplex: 'half' },
  })

/** Refers to a blob, so that it is served. */
const keep = (blob: BlobRef) =>
  agent.com.atproto.repo.createRecord({
    repo: agent.assertDid,
    collection: 'com.example.file',
    record: { blob },
  })

const served = (cid: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${server.origin}/xrpc/com.atproto.sync.getBlob?did=${agent.assertDid}&cid=${cid}`, {
    method,
    headers,
  })

/** Waits until the disk has the beginning of an upload. */
const untilBegun = () =>
  vi.waitFor(() => expect(files('blobs').some((path) => path.endsWith('.tmp'))).toBe(true))

/** So many bytes are held in memory until all have come: the disk sees nothing of them before. */
const HELD = ' 1000000'

/**
 * Sends an upload by hand, slowly, and stops before its end.
 *
 * @returns what the server answers to a client that closes its side only; empty for one that is gone
 */
async function breakOff(framing: string, parts: readonly string[], how: 'close' | 'reset') {
  const { hostname, port } = new URL(server.origin)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  // A reset is one to this side too.
  socket.on('error', () => {})
  const ended = new Promise((resolve) => socket.once('close', resolve))
  const head = [
    'POST /xrpc/com.atproto.repo.uploadBlob HTTP/1.1',
    `Host: ${hostname}`,
    `Authorization: ${authorization()}`,
    'Content-Type: text/plain',
    framing,
    '\r\n',
  ]
  for (const part of [head.join('\r\n'), ...parts]) {
    await new Promise((resolve) => socket.write(part, resolve))
    if (!framing.endsWith(HELD)) await untilBegun()
  }
  if (how === 'close') socket.end()
  else socket.resetAndDestroy()
  await ended
  return answer
}

describe('a host with room for large blobs', () => {
  beforeAll(() => start())
  let isRunning = true
  const stop = async () => {
    if (isRunning) await server.stop()
    isRunning = false
  }
  afterAll(stop)

  test('an upload of 50 MB comes back whole, and in parts', async () => {
    const { blob } =
      ((await (await post(BIG)).json()) as { blob: { ref: { $link: string } } }) ?? {}
    await keep(blob as never)
    const cid = blob.ref.$link
    const whole = await served(cid)
    expect(whole.headers.get('content-length')).toBe(String(BIG.byteLength))
    const hash = createHash('sha256')
    for await (const chunk of whole.body ?? []) hash.update(chunk)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(BIG).digest('hex'))

    const part = await served(cid, { range: 'bytes=30000000-30000099' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-length')).toBe('100')
    expect(part.headers.get('content-range')).toBe('bytes 30000000-30000099/50000000')
    expect(Buffer.from(await part.arrayBuffer())).toEqual(BIG.subarray(30_000_000, 30_000_100))
    const end = await served(cid, { range: 'bytes=-7' })
    expect(Buffer.from(await end.arrayBuffer())).toEqual(BIG.subarray(-7))
    expect((await served(cid, { range: 'bytes=50000000-' })).status).toBe(416)
    // What media elements ask for first.
    for (const range of ['bytes=0-', 'bytes=0-49999999', 'bytes=0-99999999', 'bytes=-50000000']) {
      const all = await served(cid, { range })
      expect(all.status).toBe(206)
      expect(all.headers.get('content-range')).toBe('bytes 0-49999999/50000000')
      expect((await all.arrayBuffer()).byteLength).toBe(BIG.byteLength)
    }

    const head = await served(cid, {}, 'HEAD')
    expect(head.headers.get('content-length')).toBe(String(BIG.byteLength))
    expect(head.headers.get('etag')).toBe(`"${cid}"`)
    expect((await served(cid, { 'if-none-match': `"${cid}"` })).status).toBe(304)
    expect(files('blobs')).toHaveLength(1)
  })

  test('an empty upload is a blob', async () => {
    const { data } = await agent.uploadBlob(new Uint8Array(0), { encoding: 'text/plain' })
    await keep(data.blob)
    const response = await served(data.blob.ref.toString())
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })

  test('an upload that says nothing of a body has none', async () => {
    const { hostname, port } = new URL(server.origin)
    const post = (...framing: string[]) => {
      const head = [
        'POST /xrpc/com.atproto.repo.uploadBlob HTTP/1.1',
        `Host: ${hostname}`,
        `Authorization: ${authorization()}`,
        'Content-Type: text/plain',
        'Connection: close',
        ...framing,
        '\r\n',
      ]
      return new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.write(head.join('\r\n')))
        let answer = ''
        socket.on('data', (chunk) => {
          answer += chunk.toString()
        })
        socket.once('close', () => resolve(answer))
      })
    }
    const without = await post()
    expect(without).toContain('HTTP/1.1 400')
    expect(without).toContain('A request body is expected but none was provided')
    expect(await post('Content-Length: 0')).toContain('HTTP/1.1 200')
  })

  test('a photo loses its location on the way to the disk', async () => {
    const photo = jpeg(exifSegment(tiff({ gps: [0, 1, 2, 3, 4] })))
    const { data } = await agent.uploadBlob(photo, { encoding: 'image/jpeg' })
    expect(data.blob.size).toBe(photo.byteLength)
    for (const path of files('blobs')) expect(readFileSync(path).includes('52.5163')).toBe(false)
  })

  test('an upload over the limit is refused, with and without a size', async () => {
    const before = files('blobs')
    const over = new Uint8Array(LIMIT + 1)
    for (const body of [() => over, () => new Blob([over]).stream()]) {
      // The answer comes before all is sent, and the client may trip over the closed connection first.
      const response = await vi.waitFor(() => post(body()))
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ error: 'PayloadTooLarge' })
    }
    expect(files('blobs')).toEqual(before)
  })

  const half = 'a'.repeat(100_000)
  const chunk = `${half.length.toString(16)}\r\n${half}\r\n`

  test.each<[string, string, string[]]>([
    ['that is held in memory', `Content-Length:${HELD}`, [half, half]],
    ['that is held in memory, of which nothing comes', `Content-Length:${HELD}`, []],
    ['with a size', 'Content-Length: 2000000', [half, half]],
    ['of which nothing comes', 'Content-Length: 2000000', []],
    ['without a size, between chunks', 'Transfer-Encoding: chunked', [chunk, chunk]],
    ['without a size, in a chunk', 'Transfer-Encoding: chunked', [chunk, chunk.slice(0, 500)]],
  ])('an upload %s that breaks off leaves nothing behind', async (_, framing, parts) => {
    const before = files('blobs')
    expect(await breakOff(framing, parts, 'close')).toContain('HTTP/1.1 400')
    expect(files('blobs')).toEqual(before)
    expect(await breakOff(framing, parts, 'reset')).toBe('')
    await vi.waitFor(() => expect(files('blobs')).toEqual(before))
  })

  test('what is on disk at the end is what the index knows', async () => {
    const after = await agent.uploadBlob(Buffer.from('last'), { encoding: 'text/plain' })
    await keep(after.data.blob)
    await stop()
    const sizes = files('blobs').map((path) => readFileSync(path).byteLength)
    const indexed = indexedSizes()
    expect(indexed).toHaveLength(4)
    expect(sizes.sort((a, b) => a - b)).toEqual(indexed)
  })
})

describe('a host that wants no locations', () => {
  beforeAll(() => start({ PDS_IMAGE_LOCATION: 'reject' }))
  afterAll(() => server.stop())

  test('refuses an image with one, and takes it without', async () => {
    const located = await post(Buffer.from(jpeg(exifSegment(tiff({ gps: [2] })))))
    expect(located.status).toBe(400)
    expect(await located.json()).toEqual({
      error: 'InvalidRequest',
      message: expect.stringContaining('The image says where it was taken'),
    })
    expect(files('blobs')).toEqual([])
    expect((await post(Buffer.from(jpeg(exifSegment(tiff({})))))).status).toBe(200)
  })
})
