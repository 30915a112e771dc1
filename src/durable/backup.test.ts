/** What a backup has of each object, and that all of it comes back. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { appStub, directoryStub, oauthStub, sequencerStub } from '../services/objects/stubs.ts'
import { accountPlan } from '../storage/account/backup-plan.ts'
import { migrations } from '../storage/account/schema.ts'
import { directoryPlan } from '../storage/directory/backup-plan.ts'
import { migrations as directoryMigrations } from '../storage/directory/schema.ts'
import { type BackupPlan, dumpRows, tablesOf } from '../storage/dump.ts'
import { replaceRows } from '../storage/load.ts'
import { migrate } from '../storage/migrate.ts'
import { oauthPlan } from '../storage/oauth/backup-plan.ts'
import { migrations as oauthMigrations } from '../storage/oauth/schema.ts'
import { sequencerPlan } from '../storage/sequencer/backup-plan.ts'
import { basic, callAs, makeAccount, outcome, PASSWORD, send } from '../testing/host.ts'

const stubs = {
  account: env.ACCOUNTS.get(env.ACCOUNTS.idFromName('did:web:tables.test')),
  directory: directoryStub(env),
  oauth: oauthStub(env),
  sequencer: sequencerStub(env),
  app: appStub(env, undefined),
}

/** Objects that have some values. */
const valuesOf = async (plan: BackupPlan, stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, { storage }) => {
    const known = Object.keys(plan.values)
    return [...storage.kv.list()].map(([key]) => key).filter((key) => !known.includes(key))
  })

test.each([accountPlan, directoryPlan, oauthPlan, sequencerPlan])(
  'each table of the $object is in a backup, or it is said why not',
  async ({ object, tables }: BackupPlan) => {
    const found = await runInDurableObject(stubs[object], (_, { storage }) => tablesOf(storage.sql))
    expect(Object.keys(tables).sort()).toEqual(found)
  },
)

const command = (path: string, body: BodyInit, type = 'application/json') =>
  send(`/operator/${path}`, {
    method: 'POST',
    headers: { authorization: basic('admin', 'test admin password'), 'content-type': type },
    body,
  })

const ask = async (path: string, body: object) => {
  const response = await command(path, JSON.stringify(body))
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

const operate = async (nsid: string, body: object) => {
  const authorization = basic('admin', 'test admin password')
  const response = await send(`/xrpc/${nsid}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
}

const dumpOf = async (did: string) => {
  const response = await command('backup/account', JSON.stringify({ did }))
  return new TextDecoder().decode(await response.arrayBuffer())
}

/** The rows of a dump, but for what is this host's: the head, and where bytes of blobs are. */
const rowsIn = (dump: string) =>
  dump
    .replaceAll(/\/[0-9a-f-]{36}"/g, '/key"')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { table?: string; rows?: unknown })
    .filter(({ table }) => table && table !== 'head')

const carOf = async (did: string) => {
  const headers = { authorization: basic('admin', 'test admin password') }
  const response = await send(`/xrpc/com.atproto.sync.getRepo?did=${did}`, { headers })
  return new Uint8Array(await response.arrayBuffer())
}

test('an account comes back as it was: rows, commit and blobs', async () => {
  const account = await makeAccount()
  const { did } = account
  const bytes = new TextEncoder().encode('a blob of a backup')
  const uploaded = await send('/xrpc/com.atproto.repo.uploadBlob', {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'text/plain' },
    body: bytes,
  })
  const { blob } = (await uploaded.json()) as { blob: { ref: { $link: string } } }
  const collection = 'com.example.note'
  for (let n = 0; n < 20; n++) {
    const record = { $type: collection, text: `note ${n}`, ...(n === 0 && { blob }) }
    await callAs(account, 'com.atproto.repo.createRecord', { repo: did, collection, record })
  }
  await callAs(account, 'com.atproto.server.createAppPassword', { name: 'phone' })
  const [dump, car] = [await dumpOf(did), await carOf(did)]

  const id = 'a backup'
  await expect(ask('restore/account', { did, id })).rejects.toThrow('AccountExists')
  const begun = await ask('restore/account', { did, id, overwrite: true })
  expect(begun).toMatchObject({ next: 'rows', staged: 0 })
  const read = () => send(`/xrpc/com.atproto.repo.describeRepo?repo=${did}`)
  expect((await read()).status).toBe(200)

  const rows = await command(`restore/rows?did=${did}&sessions=true`, dump, 'application/jsonl')
  expect(await rows.json()).toEqual({})
  expect(await outcome(await read())).toEqual({ status: 503, error: 'AccountRestoring' })
  const half = Math.floor(car.byteLength / 2)
  const stage = async (offset: number, part: Uint8Array<ArrayBuffer>) =>
    (await command(`restore/stage?did=${did}&offset=${offset}`, part, 'application/car')).json()
  expect(await stage(0, car.subarray(0, half))).toEqual({ staged: half })
  expect(await ask('restore/account', { did, id })).toMatchObject({
    next: 'repository',
    staged: half,
  })
  expect(await stage(half, car.subarray(half))).toEqual({ staged: car.byteLength })
  expect(await ask('restore/repository', { did })).toMatchObject({ records: 20 })
  expect(await ask('restore/blobs', { did })).toEqual({ blobs: [] })
  const cid = blob.ref.$link
  const put = await command(
    `restore/blob?did=${did}&cid=${cid}&type=text/plain`,
    bytes,
    'text/plain',
  )
  expect(await put.json()).toEqual({})
  await ask('restore/open', { did, announce: false })
  expect(await ask('restore/account', { did, id })).toMatchObject({ next: 'done' })

  expect(rowsIn(await dumpOf(did))).toEqual(rowsIn(dump))
  expect(await carOf(did)).toEqual(car)
  const served = await send(`/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`)
  expect(new Uint8Array(await served.arrayBuffer())).toEqual(bytes)
  const session = await callAs(account, 'com.atproto.server.getSession')
  expect(session.status).toBe(200)
  const signIn = await callAs(account, 'com.atproto.server.createSession', {
    identifier: did,
    password: PASSWORD,
  })
  expect(signIn.status).toBe(200)

  const stub = env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did))
  expect(await valuesOf(accountPlan, stub)).toEqual([])
  expect(await valuesOf(directoryPlan, stubs.directory)).toEqual([])
  expect(await valuesOf(oauthPlan, stubs.oauth)).toEqual([])
  expect(await valuesOf(sequencerPlan, stubs.sequencer)).toEqual([])
})

test('what was taken down since the backup stays down, and the old bytes are deleted', async () => {
  const account = await makeAccount()
  const { did } = account
  const dump = await dumpOf(did)
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
  await operate('com.atproto.admin.updateSubjectStatus', {
    subject,
    takedown: { applied: true, ref: 'late' },
  })
  const [car, id] = [await carOf(did), 'a backup of before']
  await ask('restore/account', { did, id, overwrite: true })
  await command(`restore/rows?did=${did}`, dump, 'application/jsonl')
  await command(`restore/stage?did=${did}&offset=0`, car, 'application/car')
  await ask('restore/repository', { did })
  await ask('restore/open', { did, announce: true })
  const status = await send(`/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  expect(await status.json()).toMatchObject({ active: false, status: 'takendown' })
  const session = await callAs(account, 'com.atproto.server.getSession')
  expect(session.status).toBe(400)
})

test('rows of each earlier schema are put into today’s tables', async () => {
  const stub = (name: string) => env.DIRECTORY.get(env.DIRECTORY.idFromName(name))
  for (let version = 2; version <= migrations.length; version++) {
    const lines = await runInDurableObject(stub(`schema ${version}`), async (_, { storage }) => {
      await storage.deleteAll()
      migrate(storage, migrations.slice(0, version))
      storage.sql.exec(
        `INSERT INTO account (only_row, did, handle, signing_key, status, created_at)
         VALUES (1, 'did:web:old.test', 'old.test', x'0102', 'active', '')`,
      )
      const there = new Set(tablesOf(storage.sql))
      const tables = Object.fromEntries(
        Object.entries(accountPlan.tables).filter(([table]) => there.has(table)),
      )
      const pages = [...dumpRows(storage, { ...accountPlan, tables }, version, {})]
      return pages.map((page) => new TextDecoder().decode(page).trim())
    })
    const rows = await runInDurableObject(stub('schema of today'), async (_, { storage }) => {
      await storage.deleteAll()
      migrate(storage, migrations)
      storage.transactionSync(() =>
        replaceRows(storage.sql, storage.kv, lines, {
          plan: accountPlan,
          migrations,
          sessions: true,
        }),
      )
      expect(migrate(storage, migrations)).toBe(migrations.length)
      return storage.sql.exec('SELECT did, handle, approved_as FROM account').toArray()
    })
    expect(rows).toEqual([{ did: 'did:web:old.test', handle: 'old.test', approved_as: null }])
  }
})

test.each([
  [directoryPlan, directoryMigrations],
  [oauthPlan, oauthMigrations],
] as const)(
  'tables of each earlier schema of $object come to be those of today',
  async (plan, all) => {
    await runInDurableObject(
      env.DIRECTORY.get(env.DIRECTORY.idFromName(`schemas of ${plan.object}`)),
      async (_, { storage }) => {
        for (let version = 1; version <= all.length; version++) {
          await storage.deleteAll()
          migrate(storage, all)
          const tables = tablesOf(storage.sql)
          const lines = [
            JSON.stringify({ object: plan.object, schema: version }),
            JSON.stringify({ end: true, rows: 0 }),
          ]
          const options = { plan, migrations: all, sessions: true }
          storage.transactionSync(() => replaceRows(storage.sql, storage.kv, lines, options))
          expect(tablesOf(storage.sql)).toEqual(tables)
        }
      },
    )
  },
)

test.each([
  ['is cut off', (lines: string[]) => lines.slice(0, -1), 'not whole'],
  ['lacks a line', (lines: string[]) => [...lines.slice(0, 1), ...lines.slice(2)], 'not whole'],
  [
    'is of another object',
    (lines: string[]) => ['{"object":"oauth","schema":1}', ...lines.slice(1)],
    'of oauth',
  ],
  [
    'is of a newer release',
    (lines: string[]) => ['{"object":"account","schema":999}', ...lines.slice(1)],
    'newer release',
  ],
  [
    'names a column that is none',
    (lines: string[]) => lines.map((line) => line.replace('"handle"', '"x) VALUES (1); --"')),
    'no column',
  ],
])('a dump that %s changes nothing', async (_, damage, why) => {
  const { did } = await makeAccount()
  const dump = await dumpOf(did)
  await ask('restore/account', { did, id: why, overwrite: true })
  const damaged = damage(dump.trim().split('\n')).join('\n')
  const answer = await command(`restore/rows?did=${did}`, damaged, 'application/jsonl')
  expect(answer.status).toBe(400)
  expect(((await answer.json()) as { message: string }).message).toContain(why)
  expect(await dumpOf(did)).toBe(dump)
})

test('the rows of one account are not put into another', async () => {
  const [victim, mallory] = [await makeAccount(), await makeAccount()]
  const dump = await dumpOf(victim.did)
  await ask('restore/account', { did: victim.did, id: 'of another', overwrite: true })
  const rows = await dumpOf(mallory.did)
  const answer = await command(`restore/rows?did=${victim.did}`, rows, 'application/jsonl')
  expect(answer.status).toBe(400)
  expect(((await answer.json()) as { message: string }).message).toContain(`not of ${victim.did}`)
  expect(await dumpOf(victim.did)).toBe(dump)
})

test.each(['directory', 'oauth'])(
  'the rows of the %s of a host that lives are not replaced',
  async (object) => {
    await makeAccount()
    const query = `object=${object}&offset=0`
    const asked = [
      command('restore/object', JSON.stringify({ object, id: 'x' })),
      command(`restore/object/stage?${query}`, '{}', 'application/jsonl'),
      command('restore/object/apply', JSON.stringify({ object, sessions: true })),
    ]
    for (const answer of await Promise.all(asked)) {
      expect(await outcome(answer)).toEqual({ status: 400, error: 'InvalidRequest' })
    }
  },
)

test.each([1.5, -1, 1e308, '1', null])(
  'a host is not restored above the number %s',
  async (seq) => {
    const answer = await command('restore/host', JSON.stringify({ id: 'x', seq }))
    expect(await outcome(answer)).toEqual({ status: 400, error: 'InvalidRequest' })
  },
)

test('a dump has the head with commits that wait to be settled, and settles none, as a disk may be full', async () => {
  const account = await makeAccount()
  const { did } = account
  const record = { $type: 'com.example.note', text: 'waits' }
  const body = { repo: did, collection: 'com.example.note', record }
  const { commit } = (await (
    await callAs(account, 'com.atproto.repo.createRecord', body)
  ).json()) as {
    commit: { rev: string }
  }
  const stored = () =>
    runInDurableObject(env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did)), (_, { storage }) => ({
      journal: storage.sql.exec('SELECT count(*) AS n FROM journal').one().n,
      rev: storage.sql.exec('SELECT rev FROM head').one().rev,
    }))
  const before = await stored()
  expect(before).toEqual({ journal: 1, rev: expect.not.stringMatching(commit.rev) })
  const lines = (await dumpOf(did))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { columns, rows } = lines.find(({ table }) => table === 'head')
  expect(rows).toHaveLength(1)
  expect(rows[0][columns.indexOf('rev')]).toBe(commit.rev)
  expect(await stored()).toEqual(before)
})
