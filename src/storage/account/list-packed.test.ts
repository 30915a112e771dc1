import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { type AccountParts, withoutAccount } from '../../testing/account-parts.ts'
import { insertRows } from '../sql.ts'
import { packRecords, unpackRecords } from './packed.ts'
import { RecordTakedowns } from './record-takedowns.ts'
import { MAX_ANSWER_BYTES, RecordReader } from './records.ts'

const collection = 'com.example.note'

/** A repository with records of these bytes, and of other collections beside them. */
const withBlocks = (
  blocks: readonly Uint8Array[],
  work: (reader: RecordReader, parts: Pick<AccountParts, 'sql'>) => void,
) =>
  withoutAccount(({ sql }) => {
    const rows = blocks.map((block, at) => [
      `${collection}/${String(at).padStart(3, '0')}`,
      cidOf(block),
      'rev',
      block,
    ])
    const others = ['com.example.not/z', 'com.example.notes/a'].map((path) => [
      path,
      cidOf(new Uint8Array()),
      'rev',
      new Uint8Array([1]),
    ])
    insertRows(sql, 'INSERT INTO record (path, cid, rev, block)', [...rows, ...others])
    work(new RecordReader(sql, new RecordTakedowns(sql)), { sql })
  })

test('a page that SQLite puts together is the page that is read row by row', async () => {
  const some = fc.sample(fc.uint8Array({ maxLength: 200 }), { numRuns: 30, seed: 20261127 })
  const blocks = [new Uint8Array(50), new Uint8Array([0, 255, 0]), new Uint8Array(), ...some]
  await withBlocks(blocks, (reader) => {
    for (const limit of [1, 10, 33, 100]) {
      for (const options of [
        {},
        { cursor: '020' },
        { cursor: '020', reverse: true },
        { cursor: '000' },
      ]) {
        const asked = { collection, limit, ...options }
        expect(reader.listPacked(asked), JSON.stringify(asked)).toEqual(
          packRecords(reader.list(asked)),
        )
      }
    }
    expect(reader.listPacked({ collection: 'com.example.none', limit: 5 })).toEqual(
      packRecords({ records: [], more: false }),
    )
  })
})

test('a page is texts, and has the bytes of its records again', async () => {
  const blocks = [
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
    new Uint8Array(),
    new Uint8Array([255]),
  ]
  await withBlocks(blocks, (reader) => {
    const options = { collection, limit: 10 }
    const page = reader.listPacked(options)
    expect([page.rkeys, page.lengths, page.bytes].map((value) => typeof value)).toEqual(
      Array(3).fill('string'),
    )
    const { records } = unpackRecords(structuredClone(page))
    expect(records.map(({ block }) => block)).toEqual([...blocks].reverse())
    expect(records.map(({ cid }) => cid)).toEqual([...blocks].reverse().map(cidOf))
  })
})

test('what is too much for one answer is read row by row, and ends where an answer may', async () => {
  const blocks = Array.from({ length: 5 }, (_, at) => new Uint8Array(900_000).fill(at))
  await withBlocks(blocks, (reader) => {
    const page = reader.listPacked({ collection, limit: 100 })
    expect(page).toEqual(packRecords(reader.list({ collection, limit: 100 })))
    expect(page.rkeys).toBe('004/003')
    expect(page.more).toBe(true)
    expect(page.bytes.length).toBeLessThan(MAX_ANSWER_BYTES)
  })
})

test('a collection that has been too much once is read row by row from then on, others are not', async () => {
  const blocks = Array.from({ length: 5 }, (_, at) => new Uint8Array(900_000).fill(at))
  await withBlocks(blocks, (_, { sql }) => {
    const statements: string[] = []
    const watched = new Proxy(sql, {
      get: (target, name) =>
        name === 'exec'
          ? (query: string, ...bindings: SqlStorageValue[]) => {
              statements.push(query)
              return target.exec(query, ...bindings)
            }
          : Reflect.get(target, name),
    })
    const reader = new RecordReader(watched, new RecordTakedowns(sql))
    const put = () => statements.splice(0).filter((query) => query.includes('group_concat')).length
    const page = reader.listPacked({ collection, limit: 100 })
    expect(put()).toBe(1)
    expect(reader.listPacked({ collection, limit: 100 })).toEqual(page)
    expect(put()).toBe(0)
    expect(reader.listPacked({ collection: 'com.example.notes', limit: 100 }).rkeys).toBe('a')
    expect(put()).toBe(1)
  })
})
