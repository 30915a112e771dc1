import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { migrations as account } from './account/schema.ts'
import { migrations as directory } from './directory/schema.ts'
import { type Migration, migrate, SchemaTooNewError } from './migrate.ts'
import { migrations as oauth } from './oauth/schema.ts'
import { migrations as sequencer } from './sequencer/schema.ts'
import { countRows } from './sql.ts'

let made = 0

/** Runs a test on a database without any table. */
function onEmptyStorage(work: (storage: DurableObjectStorage) => void): Promise<void> {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`migrate ${made++}`))
  return runInDurableObject(stub, async (_, { storage }) => {
    await storage.deleteAll()
    work(storage)
  })
}

const tables = ({ sql }: DurableObjectStorage) =>
  sql
    .exec<{ sql: string }>(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name",
    )
    .toArray()
    .map((row) => row.sql)

const steps: Migration[] = [
  'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)',
  'ALTER TABLE note ADD COLUMN title TEXT; UPDATE note SET title = body',
  'CREATE INDEX note_title ON note (title)',
]

describe('migrations', () => {
  test('run once each, in order, and say what they found', () =>
    onEmptyStorage((storage) => {
      expect(migrate(storage, steps.slice(0, 1))).toBe(0)
      storage.sql.exec("INSERT INTO note (body) VALUES ('hello')")
      expect(migrate(storage, steps)).toBe(1)
      expect(migrate(storage, steps)).toBe(3)
      expect(storage.sql.exec('SELECT body, title FROM note').one()).toEqual({
        body: 'hello',
        title: 'hello',
      })
    }))

  test('make the second database at once, and the same as the first', async () => {
    const some = [...steps, 'CREATE VIEW titles AS SELECT title /* of all */ FROM note']
    const made: string[][] = []
    const written: number[] = []
    for (let n = 0; n < 3; n++) {
      await onEmptyStorage((storage) => {
        const { sql, take } = countRows(storage.sql)
        const transactionSync = storage.transactionSync.bind(storage)
        expect(migrate({ sql, transactionSync }, some)).toBe(0)
        written.push(take().written)
        made.push(tables(storage))
        expect(migrate(storage, some)).toBe(4)
        storage.sql.exec("INSERT INTO note (body, title) VALUES ('hello', 'you')")
        expect(storage.sql.exec('SELECT * FROM titles').toArray()).toEqual([{ title: 'you' }])
      })
    }
    expect(made[1]).toEqual(made[0])
    expect(made[2]).toEqual(made[0])
    expect(written[1]).toBeLessThan(written[0] ?? 0)
  })

  test.each([
    ["INSERT INTO note (body) VALUES ('first')", 'SELECT body FROM note', [{ body: 'first' }]],
    [
      "CREATE VIRTUAL TABLE found USING fts5(body); INSERT INTO found VALUES ('word')",
      "SELECT body FROM found WHERE found MATCH 'word'",
      [{ body: 'word' }],
    ],
    [
      'CREATE VIEW titles AS SELECT title FROM note -- of all',
      'SELECT count(*) AS count FROM titles',
      [{ count: 0 }],
    ],
  ])('make each database anew where they do more: %s', async (statement, query, expected) => {
    const some = [...steps, statement]
    for (let n = 0; n < 3; n++) {
      await onEmptyStorage((storage) => {
        migrate(storage, some)
        expect(storage.sql.exec(query).toArray()).toEqual(expected)
      })
    }
  })

  test('leave nothing behind when one of them fails', () =>
    onEmptyStorage((storage) => {
      migrate(storage, steps.slice(0, 1))
      const before = tables(storage)
      expect(() => migrate(storage, [...steps, 'CREATE TABLE note (again TEXT)'])).toThrow(/note/)
      expect(tables(storage)).toEqual(before)
      expect(migrate(storage, steps)).toBe(1)
    }))

  test('refuse a database that a newer release has written', () =>
    onEmptyStorage((storage) => {
      migrate(storage, steps)
      expect(() => migrate(storage, steps.slice(0, 2))).toThrow(SchemaTooNewError)
    }))
})

describe.each<[string, readonly Migration[]]>([
  ['account', account],
  ['directory', directory],
  ['sequencer', sequencer],
  ['oauth', oauth],
])('the schema of the %s object', (_, migrations) => {
  test('is the same however often it is made', async () => {
    const made: string[][] = []
    for (let n = 0; n < 2; n++) {
      await onEmptyStorage((storage) => {
        migrate(storage, migrations)
        made.push(tables(storage))
      })
    }
    expect(made[1]).toEqual(made[0])
  })

  test('is the same from whichever version it is reached', async () => {
    const reached: string[][] = []
    for (let version = 0; version <= migrations.length; version++) {
      await onEmptyStorage((storage) => {
        migrate(storage, migrations.slice(0, version))
        expect(migrate(storage, migrations)).toBe(version)
        reached.push(tables(storage))
      })
    }
    expect(reached[0]?.length).toBeGreaterThan(1)
    for (const schema of reached) expect(schema).toEqual(reached[0])
  })
})
