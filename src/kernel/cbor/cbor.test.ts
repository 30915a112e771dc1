import { decode, encode } from '@atproto/lex-cbor'
import { decodeCid, type LexValue } from '@atproto/lex-data'
import { lexToJson } from '@atproto/lexicon'
import fc from 'fast-check'
import { base32 } from 'multiformats/bases/base32'
import { describe, expect, test } from 'vitest'
import {
  integerItem,
  mapItem,
  nested,
  readableRecord,
  unreadableRecord,
} from '../../testing/unclean.ts'
import { cidOf, cidString } from './cid.ts'
import { encode as encodeHere, UnencodableError } from './encode.ts'
import { MalformedCborError } from './reader.ts'
import { scanRecord } from './scan.ts'
import { cborToJson, recordToJson } from './to-json.ts'

const cid = fc.uint8Array({ maxLength: 8 }).map((bytes) => decodeCid(cidOf(bytes)))
const blob = cid.map((ref) => ({ $type: 'blob', ref, mimeType: 'image/png', size: 5 }))
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ maxLength: 300, minLength: 30 }),
)
const key = fc
  .oneof(text, fc.constantFrom('$type', 'ref', 'mimeType', 'size'))
  .filter((k) => k !== '__proto__')
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.integer({ min: -300, max: 300 }),
    fc.boolean(),
    fc.constant(null),
    text,
    fc.uint8Array({ maxLength: 40 }),
    cid,
    blob,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))
const record = fc.dictionary(key, value, { maxKeys: 8 })
const runs = { numRuns: 2000, seed: 20261121 }

test('a value is encoded as the general codec encodes it', () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(encodeHere(any as LexValue)).toEqual(new Uint8Array(encode(any as LexValue)))
    }),
    runs,
  )
  for (const length of [0, 23, 24, 63, 64, 255, 256, 65_535, 65_536]) {
    for (const sample of [
      'x'.repeat(length),
      'é'.repeat(length),
      new Uint8Array(length),
      Array(length).fill(0),
    ]) {
      expect(encodeHere(sample)).toEqual(new Uint8Array(encode(sample)))
    }
  }
})

test.each([
  1.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  undefined,
  () => 1,
  Symbol('a'),
  1n,
])('%s is not encoded', (any) => {
  expect(() => encodeHere(any as never)).toThrow(UnencodableError)
  expect(() => encodeHere([any] as never)).toThrow(UnencodableError)
})

test('JSON text is what the general codec makes of a block', () => {
  fc.assert(
    fc.property(record, (object) => {
      const block = encode(object as LexValue)
      expect(JSON.parse(cborToJson(block))).toEqual(lexToJson(decode(block) as never))
    }),
    runs,
  )
})

test('the JSON text of many values, and of long ones among them, is that of the general codec', () => {
  const long = 'é'.repeat(2000)
  const all = Array.from({ length: 3000 }, (_, n) =>
    n % 500 === 0 ? [long, n] : n % 7 === 0 ? { n, a: 'ü' } : n,
  )
  const keys = Object.fromEntries(all.map((item, n) => [`k${n}`, item]))
  const block = encode({ all, keys, nested: [[[all]], 'x', [all, long]] })
  expect(JSON.parse(cborToJson(block))).toEqual(lexToJson(decode(block) as never))
  expect(recordToJson(block)).toBe(cborToJson(block))
})

test('a scan finds the type and the blobs that the general codec finds', () => {
  fc.assert(
    fc.property(record, (object) => {
      const scanned = scanRecord(encode(object as LexValue))
      expect(scanned.type).toBe(typeof object.$type === 'string' ? object.$type : undefined)
      const found = scanned.blobs.map(({ cid }) => decodeCid(cid).toString()).sort()
      expect(found).toEqual(findBlobs(object).sort())
    }),
    runs,
  )
})

function findBlobs(found: unknown): string[] {
  if (found === null || typeof found !== 'object' || found instanceof Uint8Array) return []
  const map = found as Record<string, unknown>
  const isBlob =
    map.$type === 'blob' &&
    typeof map.mimeType === 'string' &&
    typeof map.size === 'number' &&
    map.size >= 0 &&
    isLink(map.ref)
  if (isLink(found)) return []
  return [...(isBlob ? [String(map.ref)] : []), ...Object.values(map).flatMap(findBlobs)]
}

const isLink = (found: unknown): boolean =>
  typeof found === 'object' && found !== null && 'multihash' in found

describe('a block that is damaged', () => {
  test('is refused, or is the canonical form of something', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (object, at, flip) => {
        const block = encode(object as LexValue).slice()
        const index = at % block.byteLength
        block[index] = (block[index] ?? 0) ^ flip
        try {
          scanRecord(block)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedCborError)
          return
        }
        expect(encode(decode(block))).toEqual(block)
      }),
      { ...runs, numRuns: 5000 },
    )
  })

  test.each<[string, number[]]>([
    ['nothing', []],
    ['a number', [0x01]],
    ['an endless map', [0xbf, 0xff]],
    ['a map that claims to be huge', [0xbb, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['a float', [0xa1, 0x61, 0x61, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['undefined', [0xa1, 0x61, 0x61, 0xf7]],
    ['a number that is not as short as it could be', [0xa1, 0x61, 0x61, 0x18, 0x01]],
    ['keys out of order', [0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x01]],
    ['a key twice', [0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01]],
    ['another tag', [0xa1, 0x61, 0x61, 0xc1, 0x01]],
    ['text that is not UTF-8', [0xa1, 0x61, 0x61, 0x61, 0xff]],
    ['more behind it', [0xa0, 0x00]],
    ['arrays without end', Array(200).fill(0x81)],
  ])('%s is refused', (_, bytes) => {
    expect(() => scanRecord(new Uint8Array(bytes))).toThrow(MalformedCborError)
  })
})

describe('a record that breaks the rules of the data model', () => {
  test('is read as far as it can be, by a lenient reader only', () => {
    fc.assert(
      fc.property(readableRecord, ({ bytes, json }) => {
        const text = recordToJson(bytes)
        expect(JSON.parse(text ?? '')).toEqual(json)
        expect(() => scanRecord(bytes, { lenient: true })).not.toThrow()
        const isClean = isCanonical(bytes)
        if (isClean) expect(cborToJson(bytes)).toBe(text)
        else expect(() => cborToJson(bytes)).toThrow(MalformedCborError)
      }),
      runs,
    )
  })

  test('keeps every digit of its integers', () => {
    const record = mapItem([
      ['a', integerItem(2n ** 64n - 1n)],
      ['b', integerItem(-(2n ** 64n))],
    ])
    expect(recordToJson(record.bytes)).toBe('{"a":18446744073709551615,"b":-18446744073709551616}')
  })

  test('may nest 512 deep, and no deeper', () => {
    const record = (depth: number) =>
      mapItem([['a', nested({ bytes: new Uint8Array([1]), json: 1 }, depth - 1)]])
    const { bytes, json } = record(512)
    expect(JSON.parse(recordToJson(bytes) ?? '')).toEqual(json)
    expect(scanRecord(bytes, { lenient: true }).blobs).toEqual([])
    expect(recordToJson(record(513).bytes)).toBeUndefined()
  })

  test('may have no JSON form', () => {
    fc.assert(
      fc.property(unreadableRecord, (bytes) => {
        expect(recordToJson(bytes)).toBeUndefined()
      }),
      runs,
    )
    const many = new Uint8Array(3_000_000)
    many.set([0xa1, 0x61, 0x61, 0x9a, 0, 0x2d, 0xc6, 0xb8])
    expect(recordToJson(many)?.length).toBeUndefined()
  })

  test('says which blobs of this protocol it refers to', () => {
    const ref = decodeCid(cidOf(new Uint8Array([1])))
    const blob = { $type: 'blob', ref, mimeType: 'image/png', size: 5 }
    const item = { bytes: encode(blob), json: null }
    const record = mapItem([
      ['bb', item],
      ['a', { bytes: new Uint8Array([0xf7]), json: null }],
    ])
    expect(() => scanRecord(record.bytes)).toThrow('keys are not in order')
    const { blobs } = scanRecord(record.bytes, { lenient: true })
    expect(structuredClone(blobs)).toEqual([
      { cid: cidOf(new Uint8Array([1])), mimeType: 'image/png', size: 5 },
    ])
  })
})

function isCanonical(block: Uint8Array): boolean {
  try {
    scanRecord(block)
    return true
  } catch {
    return false
  }
}

test('of a very large record the size of the text is looked at before it is made', () => {
  const block = encode({ text: '\u0001'.repeat(1_500_000) })
  expect(recordToJson(block)).toBeUndefined()
})

test('the text of a CID is that of the general codec', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(cidString(bytes)).toBe(base32.encode(bytes))
    }),
  )
})
