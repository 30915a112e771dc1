import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { equalBytes } from '../../kernel/cbor/cid.ts'
import { blobStore } from '../../storage/blobs/choose.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import { bucket, getBlob, postBlob, putFiles, storedSizes, upload } from '../../testing/blobs.ts'
import { callAs, makeAccount, outcome, type TestAccount } from '../../testing/host.ts'
import { exifSegment, jpeg, tiff } from '../../testing/image-samples.ts'
import type { LocationPolicy } from './location/filter.ts'
import { storeBlob } from './upload.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const PNG_START = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82])
const photo = jpeg(exifSegment(tiff({ gps: [0, 1, 2, 3, 4] })))

/** A ZIP file whose entries are not compressed; as much of it as file types are told by. */
function zip(entries: readonly [name: string, content: Uint8Array][]): Uint8Array {
  const parts = entries.flatMap(([name, content]) => {
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(20, 4)
    header.writeUInt32LE(content.byteLength, 18)
    header.writeUInt32LE(content.byteLength, 22)
    header.writeUInt16LE(name.length, 26)
    return [header, Buffer.from(name), content]
  })
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  return Buffer.concat([...parts, end])
}

const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.'
const EXCEL = 'application/vnd.openxmlformats-officedocument.spreadsheetml.'

/** As LibreOffice writes them, what says the type comes last. */
const office = (folder: string, type: string): Uint8Array =>
  zip([
    ['docProps/thumbnail.jpeg', new Uint8Array(200_000)],
    [`${folder}/document.xml`, new Uint8Array(200_000)],
    ['[Content_Types].xml', Buffer.from(`<Override ContentType="${type}.main+xml"/>`)],
  ])

/** A file of frames behind a picture of this many bytes. */
const song = (picture: number): Uint8Array => {
  const size = [21, 14, 7, 0].map((bits) => (picture >> bits) & 127)
  const tag = [0x49, 0x44, 0x33, 3, 0, 0, ...size]
  return Buffer.concat([Buffer.from(tag), Buffer.alloc(picture), Buffer.from('fLaC')])
}

describe('the MIME type', () => {
  test.each<[string, Uint8Array, string]>([
    ['a document', office('word', `${WORD}document`), `${WORD}document`],
    ['a document template', office('word', `${WORD}template`), `${WORD}template`],
    ['a spreadsheet', office('xl', `${EXCEL}sheet`), `${EXCEL}sheet`],
    ['an archive', zip([['a.txt', new Uint8Array(200_000)]]), 'application/zip'],
    ['music behind a picture', song(200_000), 'audio/flac'],
  ])('is seen however far inside it shows: %s', async (_, bytes, expected) => {
    expect((await upload(account, bytes, 'application/zip')).mimeType).toBe(expected)
    // Without a size.
    expect((await upload(account, new Blob([bytes]).stream(), 'a/b')).mimeType).toBe(expected)
  })

  test.each<[string, BodyInit, string, string]>([
    ['is what the content shows, over what the client says', PNG_START, 'text/html', 'image/png'],
    ['is what the client says where the content shows nothing', 'one', 'text/x-a', 'text/x-a'],
    ['has no parameters', 'two', 'text/plain; charset=utf-8', 'text/plain'],
    ['is general where the client does not know', 'three', '*/*', 'application/octet-stream'],
    ['is general where the client half knows', 'four', 'image/*', 'application/octet-stream'],
  ])('%s', async (_, body, declared, expected) => {
    expect((await upload(account, body, declared)).mimeType).toBe(expected)
  })
})

test('bytes that were uploaded before keep their type, which is answered', async () => {
  const first = await upload(account, 'twice', 'text/x-first')
  expect(await upload(account, 'twice', 'text/x-second')).toEqual(first)
  const record = { $type: 'com.example.note', blob: first }
  const written = await callAs(account, 'com.atproto.repo.createRecord', {
    repo: account.did,
    collection: 'com.example.note',
    record,
  })
  expect(written.status).toBe(200)
  expect(await upload(account, 'twice', 'text/x-third')).toEqual(first)
  expect((await getBlob(account, first.ref.$link)).headers.get('content-type')).toBe('text/x-first')
})

test('nothing at all is a blob too', async () => {
  for (const body of ['', new Blob([]).stream()]) {
    expect(await upload(account, body)).toMatchObject({
      size: 0,
      mimeType: 'text/plain',
      ref: { $link: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' },
    })
  }
})

describe('a compressed upload', () => {
  const bytes = Buffer.from('a'.repeat(100_000))
  test.each<[string, Buffer]>([
    ['gzip', gzipSync(bytes)],
    ['x-gzip', gzipSync(bytes)],
    ['deflate', deflateSync(bytes)],
    ['br', brotliCompressSync(bytes)],
    ['BR', brotliCompressSync(bytes)],
    ['gzip, identity, br', brotliCompressSync(gzipSync(bytes))],
  ])('is stored unpacked: %s', async (encoding, packed) => {
    const response = await postBlob(account, packed, { 'content-encoding': encoding })
    expect(await response.json()).toMatchObject({ blob: { size: bytes.byteLength } })
  })

  test.each([
    ['br', Buffer.from('hello')],
    ['br', brotliCompressSync(bytes).subarray(0, -2)],
    ['gzip', gzipSync(bytes).subarray(0, -2)],
  ])('that is broken is refused: %s', async (encoding, packed) => {
    const response = await postBlob(account, packed, { 'content-encoding': encoding })
    expect(await outcome(response)).toEqual({ status: 400, error: 'InvalidRequest' })
  })

  test.each(['zip', 'gzip, zip', 'gzip,'.repeat(100)])(
    'that nobody can read is refused: %s',
    async (encoding) => {
      const response = await postBlob(account, 'a', { 'content-encoding': encoding })
      expect(await outcome(response)).toEqual({ status: 415, error: 'UnsupportedMediaType' })
    },
  )

  test('counts by what it unfolds to', async () => {
    const other = await makeAccount()
    const packed = brotliCompressSync(Buffer.alloc(20 * 1024 * 1024))
    const response = await postBlob(other, packed, { 'content-encoding': 'br' })
    expect(await outcome(response)).toEqual({ status: 413, error: 'PayloadTooLarge' })
    expect(await storedSizes(other.did)).toEqual([])
  })
})

test('a photo is stripped of its location; CID, size and bytes are those of what is left', async () => {
  const blob = await upload(account, photo, 'image/jpeg')
  await putFiles(account, 'photo', [blob])
  const response = await getBlob(account, blob.ref.$link)
  const bytes = new Uint8Array(await response.arrayBuffer())
  expect(bytes).not.toEqual(photo)
  expect(blob.size).toBe(photo.byteLength)
  // Uploaded again, what is stripped already is the same blob.
  expect((await upload(account, bytes, 'image/jpeg')).ref).toEqual(blob.ref)
})

describe('straight into the store', () => {
  const did = 'did:web:store.test'
  const store = blobStore({ BLOBS: bucket })
  const put = (
    body: ReadableStream<Uint8Array>,
    size: number | undefined,
    location: LocationPolicy = 'strip',
  ) => storeBlob(store, did, body, { declaredType: 'text/plain', size, limit: 1000, location })

  const streamOf = (bytes: Uint8Array) => new Blob([bytes]).stream()

  /** A stream that fails after some bytes. */
  const broken = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(100)),
      pull: (controller) => controller.error(new Error('the line went dead')),
    })

  test('an image with a location stays as it is where that is allowed', async () => {
    const row = await put(streamOf(photo), photo.byteLength, 'allow')
    const stored = await bucket.get(row.key)
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? [])).toEqual(photo)
    await bucket.delete(row.key)
  })

  test.each([[undefined], [photo.byteLength]])(
    'an image with a location is refused where the host wants none (size %s)',
    async (size) => {
      await expect(put(streamOf(photo), size, 'reject')).rejects.toMatchObject({
        statusCode: 400,
        error: 'InvalidRequest',
        message: expect.stringContaining('says where it was taken'),
      })
      expect(await storedSizes(did)).toEqual([])
    },
  )

  test.each([[undefined], [200]])(
    'an upload that breaks off leaves nothing (size %s)',
    async (size) => {
      await expect(put(broken(), size)).rejects.toThrow('The upload broke off')
      expect(await storedSizes(did)).toEqual([])
    },
  )

  test.each([[undefined], [500_000]])(
    'a store that fails without reading is an error, not a wait (size %s)',
    async (size) => {
      const failing: BlobStore = { ...store, put: () => Promise.reject(new Error('disk full')) }
      failing.delete = async () => {}
      const body = streamOf(new Uint8Array(500_000))
      const options = { declaredType: 'a/b', size, limit: 1_000_000, location: 'strip' as const }
      await expect(storeBlob(failing, did, body, options)).rejects.toThrow('disk full')
    },
  )

  test.each([[undefined], [1001]])(
    'an upload over the limit leaves nothing (size %s)',
    async (size) => {
      await expect(put(streamOf(new Uint8Array(1001)), size)).rejects.toMatchObject({
        statusCode: 413,
        error: 'PayloadTooLarge',
      })
      expect(await storedSizes(did)).toEqual([])
    },
  )

  test('a store that has no time to spare gets a row all the same, and bytes of a type that is refused are gone', async () => {
    const bytes = new Uint8Array(100)
    const plain: BlobStore = {
      ...store,
      put: (key, body) => store.put(key, body, bytes.length),
      delete: (key) => store.delete(key),
    }
    const options = {
      declaredType: 'a/b',
      size: bytes.length,
      limit: 1000,
      location: 'strip' as const,
    }
    const row = await storeBlob(plain, did, streamOf(bytes), options)
    expect(row).toMatchObject({
      mimeType: 'a/b',
      size: 100,
      cid: expect.stringMatching(/^bafkrei/),
    })
    await bucket.delete(row.key)
    const assertMayStore = () => {
      throw new Error('not this type')
    }
    for (const some of [plain, store]) {
      const storing = storeBlob(some, did, streamOf(bytes), { ...options, assertMayStore })
      await expect(storing).rejects.toThrow('not this type')
      expect(await storedSizes(did)).toEqual([])
    }
  })

  test.each([[undefined], [1000]])('an upload of the limit is taken (size %s)', async (size) => {
    const row = await put(streamOf(new Uint8Array(1000)), size)
    expect(await storedSizes(did)).toEqual([1000])
    await bucket.delete(row.key)
  })
})

test.each([1024 * 1024, 1024 * 1024 + 1])(
  'a blob of %s bytes comes back as it was sent, in one piece or streamed',
  async (size) => {
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; at += 65_536) {
      crypto.getRandomValues(bytes.subarray(at, at + 65_536))
    }
    const blob = await upload(account, bytes, 'application/x-noise')
    expect(blob.size).toBe(size)
    await putFiles(account, `noise${size}`, [blob])
    const stored = new Uint8Array(await (await getBlob(account, blob.ref.$link)).arrayBuffer())
    expect(equalBytes(stored, bytes)).toBe(true)
  },
)

test('what is refused is not in the store', async () => {
  const other = await makeAccount()
  const big = new Uint8Array(5 * 1024 * 1024 + 1)
  const expected = { status: 413, error: 'PayloadTooLarge' }
  expect(await outcome(await postBlob(other, big))).toEqual(expected)
  expect(await outcome(await postBlob(other, new Blob([big]).stream()))).toEqual(expected)
  expect(await storedSizes(other.did)).toEqual([])
})
