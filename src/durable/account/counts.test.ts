/** What is told of a repository costs the same however large it is. */
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { Profile } from '../../durable/account/profile.ts'
import { readImport } from '../../storage/account/import.ts'
import { Preferences } from '../../storage/account/preferences.ts'
import { RecordTakedowns } from '../../storage/account/record-takedowns.ts'
import { RecordReader } from '../../storage/account/records.ts'
import { countRows } from '../../storage/sql.ts'
import { type AccountParts, record, withAccount } from '../../testing/account-parts.ts'

const write = ({ repo, key, profile }: AccountParts, paths: readonly string[]) =>
  repo.write(profile.get().did, key, {
    writes: paths.map((path) => {
      const [collection = '', rkey = ''] = path.split('/')
      return { action: 'create', collection, rkey, record: record(path) }
    }),
  })

const many = (count: number) =>
  Array.from({ length: count }, (_, n) => `com.example.note/k${n.toString().padStart(5, '0')}`)

const inventory = ({ core, store, blobIndex, sql }: AccountParts) =>
  new Profile(core, store, { begin() {}, end() {} }, blobIndex, new Preferences(sql)).inventory()

const stored = ({ sql }: AccountParts) => {
  const count = (table: string) =>
    sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).one().count
  return { records: count('record'), blocks: 1 + count('record') + count('node') }
}

test('an account that was stored by a release without counts is counted once', () =>
  withAccount((parts) => {
    const { sql, repo } = parts
    write(parts, many(50))
    repo.settle()
    sql.exec('UPDATE head SET records = NULL, nodes = NULL')
    repo.clearCache()
    // Writes do not count, and do not make up a number either.
    write(parts, ['com.example.note/more'])
    repo.settle()
    expect(sql.exec('SELECT records, nodes FROM head').one()).toEqual({
      records: null,
      nodes: null,
    })
    expect(inventory(parts)).toMatchObject(stored(parts))
    write(parts, ['com.example.note/again'])
    repo.settle()
    expect(sql.exec('SELECT records FROM head').one()).toEqual({ records: 52 })
    expect(inventory(parts)).toMatchObject(stored(parts))
  }))

test('an imported repository is counted while it arrives', () =>
  withAccount(async (source) => {
    write(source, many(200))
    const head = source.repo.head()
    const car = source.repo.export()
    const imported = await readImport(source.sql, car, {
      did: source.profile.get().did,
      signingKeys: [source.key.did()],
      after: head.rev,
      maxSize: 1e9,
    })
    source.repo.replace(source.profile.get().did, source.key, imported, true)
    expect(source.sql.exec('SELECT records FROM head').one()).toEqual({ records: 200 })
    expect(inventory(source)).toMatchObject(stored(source))
  }))

test('collections are listed up to a thousand, with a row read for each', () =>
  withAccount(({ sql }) => {
    const collection = (n: number) => `com.example.c${String(n).padStart(5, '0')}`
    const block = encode({})
    for (let n = 0; n < 1500; n++) {
      for (const rkey of ['a', 'b']) {
        sql.exec(
          'INSERT INTO record VALUES (?, ?, ?, ?)',
          `${collection(n)}/${rkey}`,
          block,
          '3a',
          block,
        )
      }
    }
    const counter = countRows(sql)
    expect(new RecordReader(counter.sql, new RecordTakedowns(counter.sql)).collections()).toEqual(
      Array.from({ length: 1000 }, (_, n) => collection(n)),
    )
    expect(counter.take().read).toBeLessThan(5000)
    sql.exec("DELETE FROM record WHERE path > 'com.example.c00003'")
    expect(new RecordReader(sql, new RecordTakedowns(sql)).collections()).toEqual(
      [0, 1, 2].map(collection),
    )
    sql.exec('DELETE FROM record')
    expect(new RecordReader(sql, new RecordTakedowns(sql)).collections()).toEqual([])
  }))
