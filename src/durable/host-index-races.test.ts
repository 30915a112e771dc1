/** What the index makes of what overtakes it, and of questions without measure, on a database of its own. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import type { ScannedPage } from '../storage/account/records.ts'
import { HostIndex } from '../storage/index/host-index.ts'
import { IndexQueries } from '../storage/index/query.ts'

const MIB = 1024 * 1024
const NOTE = 'com.example.note'
const ALICE = 'did:web:alice.test'
const spec = {
  collection: NOTE,
  columns: [{ path: 'n', kind: 'number' }],
  indexes: { byNumber: [0] },
  search: ['text'],
} as const
const wanted = { hasHook: () => false }

/** Runs with an index of its own that serves and is empty. */
const withIndex = (work: (index: HostIndex, queries: IndexQueries) => void) =>
  runInDurableObject(
    env.INDEX.get(env.INDEX.idFromName(crypto.randomUUID())) as never,
    (_, { storage }: DurableObjectState) => {
      const index = new HostIndex(storage)
      index.definitions.adopt([spec], 0)
      index.definitions.finish(index.definitions.all()[0]?.id ?? 0, 0)
      index.begin(0, [], 0)
      work(index, new IndexQueries(storage.sql, index.definitions, index.accounts))
    },
  )

function frameOf(t: string, body: Record<string, string | boolean>): Uint8Array {
  const parts = [encode({ op: 1, t }), encode({ seq: 1, ...body })]
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function take(index: HostIndex, ...frames: Uint8Array[]): void {
  const seq = (index.position() ?? 0) + 1
  index.take(frames.map((frame) => ({ seq, frame })) as never, seq, wanted, 0)
}

const account = (status: 'active' | 'deleted') =>
  frameOf('#account', { did: ALICE, active: status === 'active', status })

function page(takenDown: boolean, fields: object = { n: 1, text: 'soup' }): ScannedPage {
  const block = encode({ $type: NOTE, ...fields })
  return {
    rev: '3kaaaaaaaaaaa',
    records: [{ rkey: 'a', cid: cidOf(block), block, takenDown }],
    more: false,
  }
}

test('what is to be read of an account is forgotten with the account', async () => {
  await withIndex((index) => {
    // It comes back from somewhere, and is gone before anybody has read it.
    take(index, account('active'), account('deleted'))
    while (index.removeDeleted());
    expect(index.scans.isEmpty()).toBe(true)
  })
})

test.each([true, false])(
  'a record whose takedown changes to %s while its page is on the way is as it is now',
  async (isDown) => {
    await withIndex((index, queries) => {
      const seen = () => queries.get(NOTE, [{ did: ALICE, rkey: 'a' }]).length
      const path = `${NOTE}/a`
      take(index, account('active'))
      if (!isDown) index.setTakedown(ALICE, path, page(true).rev)
      const [scan] = index.scans.next(1)
      if (!scan) throw new Error('nothing is to be read')
      const read = page(!isDown)
      index.setTakedown(ALICE, path, isDown ? read.rev : null)
      index.transaction(() => index.scans.take(scan, read))
      expect(seen()).toBe(isDown ? 0 : 1)
      // And for what is written later.
      expect(index.hidden.find(index.accounts.ensure(ALICE), path) !== undefined).toBe(isDown)
    })
  },
)

/** Notes with these fields, one after the other, as a read of a repository brings them. */
function fill(index: HostIndex, all: readonly object[]): void {
  take(index, account('active'))
  const [scan] = index.scans.next(1)
  if (!scan) throw new Error('nothing is to be read')
  const records = all.map((fields, at) => ({ ...page(false, fields).records[0], rkey: `${at}` }))
  index.transaction(() => index.scans.take(scan, { ...page(false), records } as ScannedPage))
}

test('no answer has more bytes than a page', async () => {
  const text = `soup ${'x'.repeat(MIB * 0.9)}`
  await withIndex((index, queries) => {
    fill(
      index,
      [1, 2, 3, 4, 5].map((n) => ({ n, text })),
    )
    const query = { collection: NOTE, index: 'byNumber', limit: 1 }
    const groups = queries.group(query, [1, 2, 3, 4, 5], 10)
    expect(groups.map(({ page, count }) => [page.rows.length, count])).toEqual([
      ...[
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      ...[
        [0, 1],
        [0, 1],
      ],
    ])
    const first = queries.search(NOTE, 'soup', 100, 0)
    expect([first.rows.length, first.cursor]).toEqual([3, '3'])
    expect(queries.search(NOTE, 'soup', 100, 3).rows.length).toBe(2)
  })
})

test.each([0, -1, Number.NaN, 1.5])('a page of %d records has one', async (limit) => {
  await withIndex((index, queries) => {
    fill(index, [
      { n: 1, text: 'soup' },
      { n: 2, text: 'soup' },
    ])
    const query = { collection: NOTE, index: 'byNumber', limit }
    expect(queries.page(query).rows.length).toBe(1)
    expect(queries.search(NOTE, 'soup', limit, 0).rows.length).toBe(1)
    expect(queries.count(query, limit)).toBe(limit === 1.5 ? 1 : 0)
  })
})

test('values that no lexicon allows are stored, and found where they can be compared', async () => {
  await withIndex((index, queries) => {
    const numbers = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, true]
    const others = [null, 'text', [1], { a: 1 }, { $link: 'x' }, '\u{0}'.repeat(2_000)]
    fill(
      index,
      [...numbers, ...others].map((n) => ({ n, text: n, 'a.b': { __proto: n } })),
    )
    const { rows, cursor } = queries.page({ collection: NOTE, index: 'byNumber', limit: 2 })
    expect(rows.map(({ rkey }) => rkey)).toEqual(['1', '2'])
    const rest = queries.page({
      ...{ collection: NOTE, index: 'byNumber', limit: 2 },
      ...(cursor !== undefined && { cursor }),
    })
    expect(rest.rows.map(({ rkey }) => rkey)).toEqual(['0'])
    for (const text of [
      '"',
      '* OR',
      't0 : text',
      'NEAR(text, 2)',
      '\u{0}',
      '\ud800',
      '{t0}:x',
      '^x',
      'x'.repeat(9_999),
    ]) {
      expect(() => queries.search(NOTE, text, 10, 0)).not.toThrow()
    }
  })
})
