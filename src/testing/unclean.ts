/** Records as careless software writes them: DAG-CBOR in which the rules of the data model are broken. */
import { encode } from '@atproto/lex-cbor'
import { decodeCid, ui8Concat } from '@atproto/lex-data'
import fc from 'fast-check'
import { cidOf } from '../kernel/cbor/cid.ts'

/** A piece of CBOR, and what it is as JSON. */
export interface Item {
  bytes: Uint8Array
  json: unknown
}

const bytes = (...all: number[]): Uint8Array => new Uint8Array(all)

function head(major: number, count: number): Uint8Array {
  if (count < 24) return bytes((major << 5) | count)
  if (count < 256) return bytes((major << 5) | 24, count)
  if (count < 65_536) return bytes((major << 5) | 25, count >> 8, count & 255)
  return bytes(
    (major << 5) | 26,
    count >>> 24,
    (count >> 16) & 255,
    (count >> 8) & 255,
    count & 255,
  )
}

export const textItem = (text: string): Uint8Array => encode(text)

/** A map with its keys in the order in which they are given. */
export const mapItem = (entries: readonly [key: string, item: Item][]): Item => ({
  bytes: ui8Concat([
    head(5, entries.length),
    ...entries.flatMap(([key, item]) => [textItem(key), item.bytes]),
  ]),
  json: Object.fromEntries(entries.map(([key, { json }]) => [key, json])),
})

const arrayItem = (items: readonly Item[]): Item => ({
  bytes: ui8Concat([head(4, items.length), ...items.map((item) => item.bytes)]),
  json: items.map(({ json }) => json),
})

export function floatItem(value: number, size: 4 | 8 = 8): Item {
  const view = new DataView(new ArrayBuffer(size + 1))
  view.setUint8(0, size === 8 ? 0xfb : 0xfa)
  if (size === 8) view.setFloat64(1, value)
  else view.setFloat32(1, value)
  const read = size === 8 ? value : Math.fround(value)
  return { bytes: new Uint8Array(view.buffer), json: JSON.parse(JSON.stringify(read)) }
}

/** An integer of up to 64 bits. */
export function integerItem(value: bigint): Item {
  const view = new DataView(new ArrayBuffer(9))
  view.setUint8(0, value < 0n ? 0x3b : 0x1b)
  view.setBigUint64(1, value < 0n ? -1n - value : value)
  return { bytes: new Uint8Array(view.buffer), json: Number(value) }
}

export function linkItem(cid: Uint8Array): Item {
  return {
    bytes: ui8Concat([bytes(0xd8, 0x2a), head(2, cid.byteLength + 1), bytes(0), cid]),
    json: { $link: decodeCid(cid).toString() },
  }
}

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cleanItem = fc
  .oneof(
    fc.string(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.constant<string[]>([]),
  )
  .map((value): Item => ({ bytes: encode(value), json: JSON.parse(JSON.stringify(value)) }))

const leaf: fc.Arbitrary<Item> = fc.oneof(
  cleanItem,
  fc.oneof(fc.double(), fc.constantFrom(1, -0, 1.5)).map((value) => floatItem(value)),
  fc.float().map((value) => floatItem(value, 4)),
  fc.constant<Item>({ bytes: bytes(0xf9, 0x3e, 0x00), json: 1.5 }),
  fc.constant<Item>({ bytes: bytes(0xf7), json: null }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map(integerItem),
  fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }).map(integerItem),
  fc.constant<Item>({ bytes: bytes(0x18, 0x05), json: 5 }),
  fc.constant<Item>({ bytes: bytes(0x63, 0x61, 0xff, 0x62), json: 'a\ufffdb' }),
  // CIDv0; DAG-PB; BLAKE3; a hash of 64 bytes.
  digest.map((hash) => linkItem(ui8Concat([bytes(0x12, 32), hash]))),
  digest.map((hash) => linkItem(ui8Concat([bytes(1, 0x70, 0x12, 32), hash]))),
  digest.map((hash) => linkItem(ui8Concat([bytes(1, 0x71, 0x1e, 32), hash]))),
  digest.map((hash) => linkItem(ui8Concat([bytes(1, 0x71, 0x13, 64), hash, hash]))),
)

const key = fc.string({ maxLength: 12 }).filter((text) => text !== '__proto__')

const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('item'), { maxLength: 5 }).map(arrayItem),
    fc
      .uniqueArray(fc.tuple(key, tie('item')), { maxLength: 5, selector: ([name]) => name })
      .map(mapItem),
    fc
      .tuple(tie('item'), fc.integer({ min: 1, max: 120 }))
      .map(([inner, depth]) => nested(inner, depth)),
  ),
}))

/** An item in so many arrays. */
export function nested(inner: Item, depth: number): Item {
  let { json } = inner
  for (let level = 0; level < depth; level++) json = [json]
  return { bytes: ui8Concat([new Uint8Array(depth).fill(0x81), inner.bytes]), json }
}

/** A record that can be read all the same; now and then it is clean. */
export const readableRecord: fc.Arbitrary<Item> = fc
  .uniqueArray(fc.tuple(key, item), { maxLength: 6, selector: ([name]) => name })
  .map(mapItem)

const clean = mapItem([['a', { bytes: bytes(1), json: 1 }]]).bytes

/** What has no JSON form. */
export const unreadableRecord: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(
    bytes(),
    bytes(0xff),
    bytes(0x81, 0x01),
    encode('text'),
    linkItem(cidOf(clean)).bytes,
    // A key twice; a key that is no text; a map without end; another tag; a link that is none.
    bytes(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02),
    bytes(0xa1, 0x01, 0x01),
    bytes(0xbf, 0xff),
    bytes(0xa1, 0x61, 0x61, 0xc1, 0x01),
    bytes(0xa1, 0x61, 0x61, 0xd8, 0x2a, 0x42, 0x00, 0x01),
    ui8Concat([clean, bytes(0)]),
    ui8Concat([bytes(0xa1, 0x61, 0x61), new Uint8Array(5000).fill(0x81)]),
    ui8Concat([bytes(0xa1, 0x61, 0x61), new Uint8Array(5000).fill(0xc1)]),
  ),
  // A hundred random bytes are no map.
  fc.uint8Array({ minLength: 1, maxLength: 100 }).filter(([first = 0]) => first >> 5 !== 5),
)
