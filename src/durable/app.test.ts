/** Tables of an app's own: what is in them, whose they are, and that they reach nothing else. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { servicesOf } from '../context/services.ts'
import { type AppMigration, useAppMigrations } from '../kernel/app-tables.ts'
import { appDatabases } from '../services/app/databases.ts'
import { accountStub, appStub, hostObjects } from '../services/objects/stubs.ts'
import { basic, makeAccount, send } from '../testing/host.ts'
import { callAsOperator } from '../testing/operator.ts'

const objects = hostObjects(env)
const app = appDatabases(objects)

const first: AppMigration = {
  name: '0001-drafts',
  hash: 'a',
  sql: 'CREATE TABLE draft (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT',
}
const second: AppMigration = {
  name: '0002-order',
  hash: 'b',
  sql: `ALTER TABLE draft ADD COLUMN title TEXT; CREATE TABLE "order" ("group" TEXT PRIMARY KEY) STRICT`,
}
const counts: AppMigration = {
  name: '0001-counts',
  hash: 'c',
  sql: 'CREATE TABLE count (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT',
}

/** As after a release with these migrations. */
async function release(did: string, account: AppMigration[]): Promise<void> {
  useAppMigrations({ account, host: [counts] })
  await objects.appTables(did).rowCounts.take()
  await evictDurableObject(appStub(env, did) as never)
}

beforeEach(async () => {
  // The Worker registers those of its tree when it is first asked for something.
  await send('/xrpc/_health')
  useAppMigrations({ account: [first], host: [counts] })
})

const insert = 'INSERT INTO draft (text) VALUES (?)'

describe('tables of an account', () => {
  test('hold rows, which are its own', async () => {
    const [alice, bob] = [await makeAccount(), await makeAccount()]
    const drafts = app.account(alice.did)
    expect(await drafts.run(insert, "it's; -- mine")).toBe(1)
    expect(await drafts.run('UPDATE draft SET text = text WHERE id = ?', 9)).toBe(0)
    expect(await drafts.all('SELECT * FROM draft')).toEqual([{ id: 1, text: "it's; -- mine" }])
    expect(await drafts.first('SELECT * FROM draft WHERE id = ?', 2)).toBeUndefined()
    expect(await app.account(bob.did).all('SELECT * FROM draft')).toEqual([])
  })

  test('are of accounts only', async () => {
    const nobody = app.account('did:web:nobody.test')
    await expect(nobody.all('SELECT * FROM draft')).rejects.toMatchObject({ error: 'RepoNotFound' })
  })

  test('all statements of a batch are run, or none', async () => {
    const { did } = await makeAccount()
    const drafts = app.account(did)
    const twice = [
      [insert, 'a'],
      ['INSERT INTO draft (id, text) VALUES (1, ?)', 'b'],
    ] as const
    await expect(drafts.batch(twice)).rejects.toThrow('UNIQUE')
    expect(await drafts.all('SELECT * FROM draft')).toEqual([])
    expect(await drafts.batch([[insert, 'a'], ['SELECT text FROM draft']])).toEqual([
      [],
      [{ text: 'a' }],
    ])
  })

  test('a statement neither changes tables nor is several', async () => {
    const { did } = await makeAccount()
    const drafts = app.account(did)
    const refused = [
      'DROP TABLE draft',
      "SELECT ';'; DELETE FROM draft",
      'PRAGMA table_list',
      '/* SELECT */ CREATE TABLE t (a)',
      "ATTACH 'x' AS y",
      '',
    ]
    for (const sql of refused) await expect(drafts.all(sql), sql).rejects.toThrow(/statement/)
    await expect(drafts.all('SELECT * FROM _cf_KV')).rejects.toThrow()
    await expect(drafts.all('SELECT * FROM account')).rejects.toThrow('no such table')
  })

  test('a statement gives and reads a bounded number of rows', async () => {
    const { did } = await makeAccount()
    const drafts = app.account(did)
    const upTo = (n: number) =>
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n}) SELECT i FROM n`
    expect(await drafts.all(upTo(1000))).toHaveLength(1000)
    await expect(drafts.all(upTo(1001))).rejects.toThrow('more than 1000 rows')
    const value = 'SELECT hex(zeroblob(500000)) AS x'
    const large = `${value} UNION ALL ${value} UNION ALL ${value}`
    await expect(drafts.all(large)).rejects.toThrow('bytes')
  })

  test('hold no more bytes than the quota says, and go on when some were deleted', async () => {
    const { did } = await makeAccount()
    const drafts = app.account(did)
    const limit = 16 * 1024 ** 2
    const fill = async () => {
      for (let i = 0; i < 20; i++) await drafts.run(insert, 'x'.repeat(1_000_000))
    }
    await expect(fill()).rejects.toMatchObject({ error: 'QuotaExceeded' })
    const { n } = (await drafts.first<{ n: number }>('SELECT count(*) AS n FROM draft')) ?? { n: 0 }
    expect(n).toBeGreaterThan(limit / 1_100_000)
    expect(n).toBeLessThan(17)
    expect(await drafts.run('DELETE FROM draft')).toBe(n)
    expect(await drafts.run(insert, 'room')).toBe(1)
  })
})

describe('migrations', () => {
  test('are applied once, in order, when the tables are next used', async () => {
    const { did } = await makeAccount()
    await app.account(did).run(insert, 'old')
    await release(did, [first, second])
    expect(await app.account(did).all('SELECT * FROM draft')).toEqual([
      { id: 1, text: 'old', title: null },
    ])
  })

  test('one that fails leaves the tables as they were', async () => {
    const { did } = await makeAccount()
    await app.account(did).run(insert, 'old')
    const broken = { name: '0002-broken', hash: 'x', sql: 'DELETE FROM draft; SELECT * FROM none' }
    await release(did, [first, broken])
    await expect(app.account(did).all('SELECT * FROM draft')).rejects.toThrow('no such table')
    await release(did, [first, second])
    expect(await app.account(did).all('SELECT * FROM draft')).toHaveLength(1)
  })

  test('one that was changed, or is gone, is refused', async () => {
    const { did } = await makeAccount()
    await app.account(did).run(insert, 'old')
    await release(did, [{ ...first, hash: 'changed' }])
    await expect(app.account(did).all('SELECT * FROM draft')).rejects.toThrow('was changed')
    await release(did, [])
    await expect(app.account(did).all('SELECT * FROM draft')).rejects.toThrow('nothing')
  })
})

test('tables of the host are there once', async () => {
  const add = 'INSERT INTO count VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n'
  expect(await app.host.all(add, 'a')).toEqual([{ n: 1 }])
  expect(await app.host.all(add, 'a')).toEqual([{ n: 2 }])
})

test('they go with their account, and do not come back', async () => {
  const account = await makeAccount()
  const drafts = app.account(account.did)
  await drafts.run(insert, 'secret')
  const gone = await callAsOperator('deleteAccount', { did: account.did })
  expect(gone.status).toBe(200)
  const left = async () => {
    // What is left to do is done by its alarm.
    await runDurableObjectAlarm(accountStub(env, account.did) as never)
    return runInDurableObject(appStub(env, account.did) as never, (_, { storage }) =>
      storage.sql.exec("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'draft'").one(),
    )
  }
  await expect.poll(left).toEqual({ n: 0 })
  await expect(drafts.run(insert, 'again')).rejects.toMatchObject({ error: 'RepoNotFound' })
})

const lines = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

describe('a dump', () => {
  const fill = async (did: string) => {
    await release(did, [first, second])
    await app.account(did).batch([
      ['INSERT INTO draft (text, title) VALUES (?, ?)', 'kept', null],
      ['INSERT INTO "order" VALUES (?)', 'by'],
    ])
    return lines(await objects.appTables(did).backup.dump())
  }

  test('is put back into tables as they were, which are then brought up to date', async () => {
    const [alice, bob] = [await makeAccount(), await makeAccount()]
    const dump = await fill(alice.did)
    await app.account(bob.did).run(insert, 'replaced')
    const third = {
      name: '0003-up',
      hash: 'd',
      sql: "UPDATE draft SET title = 'set' WHERE title IS NULL",
    }
    await release(bob.did, [first, second, third])
    await objects.appTables(bob.did).restore.add(bob.did, dump, true)
    expect(await app.account(bob.did).all('SELECT * FROM draft')).toEqual([
      { id: 1, text: 'kept', title: 'set' },
    ])
    expect(await app.account(bob.did).all('SELECT "group" FROM "order"')).toEqual([{ group: 'by' }])
  })

  test('of other migrations, or of other tables, is refused', async () => {
    const { did } = await makeAccount()
    const dump = await fill(did)
    const text = new TextDecoder().decode(dump)
    const put = (changed: string) =>
      objects.appTables(did).restore.add(did, new TextEncoder().encode(changed), true)
    const refused = { error: 'InvalidRequest' }
    await expect(put(text.replace('"hash":"a"', '"hash":"z"'))).rejects.toMatchObject(refused)
    await expect(put(text.replace('"app.draft"', '"app.schema_version"'))).rejects.toMatchObject(
      refused,
    )
    await expect(put(text.replace('"text"', '"text) --"'))).rejects.toMatchObject(refused)
    await expect(put('')).rejects.toMatchObject(refused)
  })

  test('is part of what is backed up, and of what its owner downloads', async () => {
    const account = await makeAccount()
    await app.account(account.did).run(insert, 'in the backup')
    const admin = { authorization: basic('admin', 'test admin password') }
    const backup = await send('/operator/backup/account', {
      method: 'POST',
      headers: { ...admin, 'content-type': 'application/json' },
      body: JSON.stringify({ did: account.did }),
    })
    const [own, rows] = (await backup.text()).split('\n{"end":true')
    expect(own).toContain(account.handle)
    expect(own).not.toContain('in the backup')
    expect(rows).toContain('"app.draft","columns":["id","text"],"rows":[[1,"in the backup"]]')
    const { archives } = servicesOf(env)
    const entries = await archives.stream({
      did: account.did,
      account: objects.account(account.did),
      part: 1,
    })
    expect(await new Response(entries).text()).toContain('in the backup')
  })
})
