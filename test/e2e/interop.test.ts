/** The official interoperability vectors, held against a running server; see test/interop. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonToLex, lexToIpld } from '@atproto/lexicon'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cidOf, cidString } from '../../src/kernel/cbor/cid.ts'
import { encode } from '../../src/kernel/cbor/encode.ts'
import { cborToJson } from '../../src/kernel/cbor/to-json.ts'
import { readDocument } from '../../src/services/lexicons/document.ts'
import { LexiconError } from '../../src/services/lexicons/lexicon-error.ts'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const VECTORS = join(import.meta.dirname, '../interop')
const FORMATS = 'example.lexicon.formats'
const RECORD = 'example.lexicon.record'

/** Formats by the names of their files. */
const FORMAT_OF: Readonly<Record<string, string>> = {
  atidentifier: 'at-identifier',
  aturi: 'at-uri',
  cid: 'cid',
  datetime: 'datetime',
  did: 'did',
  handle: 'handle',
  language: 'language',
  nsid: 'nsid',
  recordkey: 'record-key',
  tid: 'tid',
  uri: 'uri',
}

/**
 * What is well-formed by the vectors and refused here, as by the reference: CIDs in bases and of kinds that this
 * protocol does not have, and URIs whose scheme has a hyphen or a dot.
 */
const NOT_TAKEN = new Set([
  'mBcDxtdWx0aWhhc2g+',
  'z7x3CtScH765HvShXT',
  '7134036155352661643226414134664076',
  'f017012202c5f688262e0ece8569aa6f94d60aad55ca8d9d83734e4a7430d0cff6588ec2b',
  'content-type:text/plan',
  'microsoft.windows.camera:thing',
])

let plc: TestPlc
let dns: TestDns
let server: TestServer
let account: MadeAccount

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  server = await startServer({
    env: {
      PDS_DID_PLC_URL: plc.url,
      PDS_DOH_URL: dns.url,
      PDS_LEXICON_MODE: 'resolve',
      PDS_RATE_LIMITS_ENABLED: 'false',
    },
  })
  const [made] = await makeAccounts(server, 1, 'did:plc')
  if (!made) throw new Error('no account')
  account = made
  dns.records.set('_lexicon.lexicon.example', [`did=${account.did}`])
  const properties = Object.fromEntries(
    Object.values(FORMAT_OF).map((format) => [format, { type: 'string', format }]),
  )
  const formats = {
    lexicon: 1,
    id: FORMATS,
    defs: { main: { type: 'record', key: 'any', record: { type: 'object', properties } } },
  }
  for (const lexicon of [formats, readJson('lexicon/catalog/record.json')]) await publish(lexicon)
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
  await dns.stop()
})

const read = (path: string) => readFileSync(join(VECTORS, path), 'utf8')
// biome-ignore lint/suspicious/noExplicitAny: each file has a form of its own
const readJson = (path: string): any => JSON.parse(read(path))

/** The lines of a file of texts, without empty ones and comments. */
const linesOf = (path: string) =>
  read(path)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

async function call(method: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.${method}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ repo: account.did, ...body }),
  })
  return { status: response.status, body: await response.json() }
}

async function publish(lexicon: { id: string }): Promise<void> {
  const collection = 'com.atproto.lexicon.schema'
  const record = { $type: collection, ...lexicon }
  const { status } = await call('putRecord', { collection, rkey: lexicon.id, record })
  expect(status).toBe(200)
}

const valid = { status: 200, body: expect.objectContaining({ validationStatus: 'valid' }) }
const refused = { status: 400, body: expect.objectContaining({ error: 'InvalidRequest' }) }

describe('strings of a format', () => {
  const files = readdirSync(join(VECTORS, 'syntax'))

  test.each(files)('%s', async (file) => {
    const [name = '', , outcome] = file.replace('.txt', '').split('_')
    const format = FORMAT_OF[name] ?? ''
    const wrong: string[] = []
    for (const text of linesOf(`syntax/${file}`)) {
      const record = { [format]: text }
      const { status } = await call('createRecord', { collection: FORMATS, validate: true, record })
      const expected = outcome === 'valid' && !NOT_TAKEN.has(text) ? 200 : 400
      if (status !== expected) wrong.push(`${status}: ${text}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('names in requests', () => {
  const vectors = (name: string) =>
    (['valid', 'invalid'] as const).flatMap((outcome) =>
      linesOf(`syntax/${name}_syntax_${outcome}.txt`).map((text) => ({
        text,
        status: outcome === 'valid' ? 200 : 400,
      })),
    )

  test('record keys', async () => {
    const record = { a: 1 }
    for (const { text: rkey, status } of vectors('recordkey')) {
      const answer = await call('putRecord', { collection: 'com.example.note', rkey, record })
      expect(answer.status, rkey).toBe(status)
    }
  })

  test('collections', async () => {
    for (const { text: collection, status } of vectors('nsid')) {
      const answer = await call('createRecord', { collection, validate: false, record: {} })
      expect(answer.status, collection).toBe(status)
    }
  })

  test.each([
    ['atidentifier', 'repo.describeRepo', 'repo'],
    ['did', 'sync.getRepoStatus', 'did'],
  ])('repositories, by %s', async (name, method, parameter) => {
    for (const { text, status } of vectors(name)) {
      const query = new URLSearchParams({ [parameter]: text })
      const answer = await fetch(`${server.origin}/xrpc/com.atproto.${method}?${query}`)
      const { message } = (await answer.json()) as { message: string }
      // None of them is here.
      const isUnderstood = !message.startsWith(`Invalid com.atproto.${method} params`)
      expect([answer.status, isUnderstood], text).toEqual([400, status === 200])
    }
  })
})

describe('the data model', () => {
  type Fixture = { json: object; cbor_base64: string; cid: string }
  type Vector = { note: string; json: unknown }
  const collection = 'com.example.note'

  test('is encoded byte for byte, and read again', () => {
    for (const fixture of readJson('data-model/data-model-fixtures.json') as Fixture[]) {
      const block = encode(lexToIpld(jsonToLex(fixture.json as never)) as never)
      expect(Buffer.from(block)).toEqual(Buffer.from(fixture.cbor_base64, 'base64'))
      expect(cidString(cidOf(block))).toBe(fixture.cid)
      expect(JSON.parse(cborToJson(block))).toEqual(fixture.json)
    }
  })

  test.each<Vector>(readJson('data-model/data-model-valid.json'))(
    'has: $note',
    async ({ json }) => {
      const answer = await call('createRecord', { collection, record: json })
      expect(answer.status).toBe(200)
      const { uri } = answer.body as { uri: string }
      const query = new URLSearchParams({
        repo: account.did,
        collection,
        rkey: uri.split('/')[4] ?? '',
      })
      const got = await fetch(`${server.origin}/xrpc/com.atproto.repo.getRecord?${query}`)
      const { value } = (await got.json()) as { value: unknown }
      expect(value).toEqual({ $type: collection, ...(json as object) })
    },
  )

  test.each<Vector>(readJson('data-model/data-model-invalid.json'))(
    'has not: $note',
    async ({ json }) => {
      for (const validate of [undefined, false]) {
        const answer = await call('createRecord', { collection, validate, record: json })
        expect(answer).toEqual(refused)
      }
    },
  )
})

describe('records by their lexicon', () => {
  type Vector = { name: string; rkey: string; data: object }
  type Blob = { ref: { $link: string }; mimeType: string; size: number }

  const put = ({ rkey, data }: Vector) =>
    call('putRecord', { collection: RECORD, rkey, validate: true, record: data })

  /** The blobs of the vectors are made up; here they are uploaded. */
  async function upload({ mimeType, size }: Blob): Promise<Blob> {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.uploadBlob`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': mimeType },
      body: `${mimeType} `.repeat(size).slice(0, size),
    })
    return ((await response.json()) as { blob: Blob }).blob
  }

  test.each<Vector>(readJson('lexicon/record-data-valid.json'))(
    'are valid: $name',
    async (vector) => {
      const data: Record<string, unknown> = { ...vector.data }
      for (const [key, value] of Object.entries(data)) {
        if ((value as { $type?: unknown } | null)?.$type === 'blob') {
          data[key] = await upload(value as Blob)
        }
      }
      expect(await put({ ...vector, data })).toEqual(valid)
    },
  )

  test.each<Vector>(readJson('lexicon/record-data-invalid.json'))(
    'are refused: $name',
    async (vector) => {
      expect(await put(vector)).toEqual(refused)
    },
  )
})

describe('lexicons', () => {
  type Vector = { name: string; lexicon: { id: unknown } }

  const published = (lexicon: { id: unknown }) => {
    const record = { $type: 'com.atproto.lexicon.schema', ...lexicon }
    return () => readDocument(String(lexicon.id), encode(record as never))
  }

  test.each<Vector>(readJson('lexicon/lexicon-valid.json'))('are valid: $name', ({ lexicon }) => {
    expect(published(lexicon)).not.toThrow()
  })

  test.each<Vector>(readJson('lexicon/lexicon-invalid.json'))(
    'are refused: $name',
    ({ lexicon }) => {
      expect(published(lexicon)).toThrow(LexiconError)
    },
  )

  test.each(readdirSync(join(VECTORS, 'lexicon/catalog')))('are valid: %s', (file) => {
    expect(published(readJson(`lexicon/catalog/${file}`))).not.toThrow()
  })
})
