import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shardOf } from '../../kernel/index-shards.ts'
import { readCursor } from './cursor.ts'
import { mergePages, mergeRanked } from './merge.ts'
import { compareKeys, type Key } from './order.ts'
import type { KeyedRow, RankedRow, ShardPage } from './pages.ts'

const value = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\u{ffff}', '\u{1f600}', '\u{0}'), maxLength: 3 }),
)
const record = fc.record({
  value,
  did: fc.constantFrom(...Array.from({ length: 9 }, (_, n) => `did:web:${n}.test`)),
  rkey: fc.constantFrom('a', 'b', 'c'),
  size: fc.integer({ min: 1, max: 40 }),
  isHidden: fc.boolean(),
})
type Stored = KeyedRow & { isHidden: boolean }

const bytes = new TextEncoder()

/** As SQLite compares: numbers first, texts by their bytes. */
function inOrder(a: Key, b: Key): number {
  for (const [at, one] of a.entries()) {
    const other = b[at] ?? ''
    if (one === other) continue
    if (typeof one === 'number') return typeof other === 'number' ? one - other : -1
    if (typeof other === 'number') return 1
    const [left, right] = [bytes.encode(one), bytes.encode(other)]
    const differs = left.findIndex((byte, n) => byte !== right[n])
    return differs < 0 ? -1 : (left[differs] ?? 0) - (right[differs] ?? -1)
  }
  return 0
}

/** What one object answers: it looks at some rows, of which some may not be seen, and stops after some bytes. */
function pageOf(
  rows: readonly Stored[],
  { after, reverse, limit, scanned, maxBytes }: PageOptions,
): ShardPage {
  const compare = (a: Key, b: Key) => (reverse ? inOrder(b, a) : inOrder(a, b))
  const left = rows
    .filter(({ key }) => !after || compare(key, after) > 0)
    .toSorted((a, b) => compare(a.key, b.key))
  const page: KeyedRow[] = []
  let size = 0
  for (const [at, { isHidden, ...row }] of left.entries()) {
    if (!isHidden) {
      page.push(row)
      size += row.block.byteLength
    }
    if (page.length === limit || size >= maxBytes || at + 1 === scanned) {
      return { rows: page, end: row.key }
    }
  }
  return { rows: page }
}

interface PageOptions {
  after: Key | undefined
  reverse: boolean
  limit: number
  scanned: number
  maxBytes: number
}

test('keys are in the order that SQLite has', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(Math.sign(compareKeys([a], [b]))).toBe(Math.sign(inOrder([a], [b])))
    }),
  )
})

test('pages of several objects are what one that has everything would give, also when their number changes on the way', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(record, { selector: ({ did, rkey }) => `${did}/${rkey}` }),
      fc.record({
        reverse: fc.boolean(),
        limit: fc.integer({ min: 1, max: 5 }),
        scanned: fc.integer({ min: 1, max: 4 }),
        maxBytes: fc.integer({ min: 1, max: 60 }),
      }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      (records, { reverse, limit, scanned, maxBytes }, counts) => {
        const all = records.map(
          ({ value, did, rkey, size, isHidden }): Stored => ({
            ...{ did, rkey, isHidden, cid: new Uint8Array(), block: new Uint8Array(size) },
            key: [value, rkey, did],
          }),
        )
        const read: string[] = []
        let after: Key | undefined
        for (let n = 0; ; n++) {
          const shards = counts[n % counts.length] ?? 1
          const options = { after, reverse, limit, scanned, maxBytes: Math.ceil(maxBytes / shards) }
          const pages = Array.from({ length: shards }, (_, shard) =>
            pageOf(
              all.filter(({ did }) => shardOf(did, shards) === shard),
              options,
            ),
          )
          const { rows, cursor } = mergePages(pages, { limit, reverse, maxBytes })
          expect(rows.length).toBeLessThanOrEqual(limit)
          read.push(...rows.map(({ did, rkey }) => `${did}/${rkey}`))
          if (cursor === undefined) break
          after = readCursor(cursor, 3)
        }
        const expected = all
          .filter(({ isHidden }) => !isHidden)
          .toSorted((a, b) => (reverse ? inOrder(b.key, a.key) : inOrder(a.key, b.key)))
        expect(read).toEqual(expected.map(({ did, rkey }) => `${did}/${rkey}`))
      },
    ),
  )
})

test('matches of several objects come each once, the best first, whatever each has on a page', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: -9, max: 0 })), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (ranks, limit) => {
        const shards = ranks.map((of, shard) =>
          of
            .toSorted((a, b) => a - b)
            .map((rank, at): RankedRow => {
              const address = { did: `did:web:${shard}.test`, rkey: `${rank} ${at}` }
              const block = new Uint8Array(1)
              return { ...address, rank, next: at + 1, cid: new Uint8Array(), block }
            }),
        )
        const read: string[] = []
        let offsets = shards.map(() => 0)
        for (let more = true; more; ) {
          const pages = shards.map((rows, at) => {
            const from = offsets[at] ?? 0
            const some = rows.slice(from, from + limit)
            const next = from + some.length
            return { rows: some, from, next, more: next < rows.length }
          })
          const merged = mergeRanked(pages, limit, 1_000)
          read.push(...merged.rows.map(({ rkey }) => rkey))
          offsets = merged.next
          more = merged.more
        }
        expect(read.map((rkey) => Number(rkey.split(' ')[0]))).toEqual(
          ranks.flat().toSorted((a, b) => a - b),
        )
      },
    ),
  )
})

test('accounts are spread over all objects, by all of their DIDs', () => {
  for (const shards of [2, 3, 7, 32]) {
    const counts = new Array<number>(shards).fill(0)
    for (let n = 0; n < 320 * shards; n++) {
      const at = shardOf(`did:web:user-${n}.example.com`, shards)
      counts[at] = (counts[at] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(200)
    expect(Math.max(...counts)).toBeLessThan(480)
  }
})
