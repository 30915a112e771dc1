import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { verifyRepoCar } from '@atproto/repo'
import { beforeEach, expect, test } from 'vitest'
import type { AccountRpc } from '../contracts/account.ts'
import { cidBytes, cidOf, cidString } from '../kernel/cbor/cid.ts'
import { rpcClient } from '../services/objects/client.ts'
import { sequencerStub, accountStub as stubOf } from '../services/objects/stubs.ts'
import { unpackRecords } from '../storage/account/packed.ts'
import type { ListOptions } from '../storage/account/records.ts'
import type { StoredPage } from '../storage/account/stored.ts'
import type { EncodedRecord, Write } from '../storage/account/writes.ts'
import { resultOf } from '../testing/result.ts'
import { settle } from '../testing/settle.ts'

const collection = 'com.example.note'

let made = 0
let did: string
let account: ReturnType<typeof stubOf>

const client = (stub = account) => rpcClient<AccountRpc>(stub)

beforeEach(async () => {
  did = `did:web:unit-${made++}.test`
  account = stubOf(env, did)
  const handle = did.slice('did:web:'.length)
  await client().lifecycle.create({ did, handle, email: null, password: null })
})

async function note(text: string): Promise<EncodedRecord> {
  const block = encode({ $type: collection, text })
  return { cid: cidOf(block), block, blobs: [] }
}

const create = async (rkey: string, text: string): Promise<Write> => ({
  action: 'create',
  collection,
  rkey,
  record: await note(text),
})

const remove = (rkey: string): Write => ({ action: 'delete', collection, rkey })

const write = (...writes: Write[]) => client().repository.write({ writes })

async function exported() {
  const car = await client().repository.exportCar()
  const bytes = new Uint8Array(await new Response(car).arrayBuffer())
  const { signingKey } = await client().repository.identity()
  return verifyRepoCar(bytes, did, signingKey)
}

const keys = async () => (await exported()).creates.map(({ rkey }) => rkey).sort()

async function list(options: ListOptions): Promise<StoredPage> {
  const { page } = await client().repository.listRecords(options)
  return unpackRecords(page ?? expect.unreachable())
}

test('two records of equal content live and die on their own', async () => {
  await write(await create('a', 'same'))
  await write(await create('b', 'same'))
  await write(remove('a'))
  expect(await keys()).toEqual(['b'])
  await write(remove('b'))
  expect(await keys()).toEqual([])
})

test('a repository that is emptied and filled again is the one it was', async () => {
  const data = async () => {
    await settle(account)
    return runInDurableObject(account, (_, { storage }) =>
      cidString(
        new Uint8Array(storage.sql.exec<{ data: ArrayBuffer }>('SELECT data FROM head').one().data),
      ),
    )
  }
  const rkeys = Array.from({ length: 60 }, (_, index) => `k${index}`)
  const fill = async () => {
    for (const rkey of rkeys) await write(await create(rkey, rkey))
  }
  const empty = await data()
  await fill()
  const full = await data()
  for (const rkey of rkeys.reverse()) await write(remove(rkey))
  expect(await data()).toBe(empty)
  expect(await keys()).toEqual([])
  await fill()
  expect(await data()).toBe(full)
})

test('a record may move to another collection', async () => {
  await write(await create('a', 'moving'))
  const record = await note('moving')
  await write(remove('a'), {
    action: 'create',
    collection: 'com.example.other',
    rkey: 'a',
    record,
  })
  expect(await client().repository.collections()).toEqual(['com.example.other'])
  expect((await client().repository.getRecord('com.example.other', 'a')).cid).toEqual(record.cid)
})

test('a batch is written whole or not at all', async () => {
  const before = await client().repository.latestCommit()
  const missing: Write = {
    action: 'update',
    collection,
    rkey: 'missing',
    record: await note('3'),
  }
  const refused = await resultOf(
    write(await create('a', '1'), await create('b', '2'), remove('a'), missing),
  )
  expect(refused).toMatchObject({ ok: false, refused: { name: 'RecordNotFound', status: 400 } })
  expect(await client().repository.latestCommit()).toEqual(before)
  expect(await keys()).toEqual([])
})

test('writes to one key in one batch count in order', async () => {
  const result = await write(
    await create('a', '1'),
    { action: 'update', collection, rkey: 'a', record: await note('2') },
    await create('b', '1'),
    remove('b'),
  )
  expect(result.results.map(({ action }) => action)).toEqual([
    'create',
    'update',
    'create',
    'delete',
  ])
  const stored = await client().repository.getRecord(collection, 'a')
  expect(stored.cid).toEqual((await note('2')).cid)
  expect(await keys()).toEqual(['a'])
})

test('concurrent writers all get through, with revs that only grow', async () => {
  const results = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const { commit } = await write(await create(`k${index}`, String(index)))
      return commit?.rev ?? ''
    }),
  )
  expect(new Set(results).size).toBe(30)
  expect(await keys()).toEqual(Array.from({ length: 30 }, (_, index) => `k${index}`).sort())
  const revs = await runInDurableObject(account, (_, { storage }) =>
    storage.sql.exec<{ rev: string }>('SELECT rev FROM record').toArray(),
  )
  expect(new Set(revs.map(({ rev }) => rev))).toEqual(new Set(results))
  expect((await client().repository.latestCommit()).rev).toBe([...results].sort().at(-1))
})

test('of two that swap the same commit one loses', async () => {
  const { cid } = await client().repository.latestCommit()
  const batch = async (rkey: string) => ({
    writes: [await create(rkey, rkey)],
    swapCommit: cidBytes(cid),
  })
  const outcomes = await Promise.all([
    resultOf(client().repository.write(await batch('a'))),
    resultOf(client().repository.write(await batch('b'))),
  ])
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
  expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ refused: { name: 'InvalidSwap' } })
})

test('an export is one state of the repository, whatever is written while it is read', async () => {
  for (let index = 0; index < 40; index++) {
    const text = `${index} ${'x'.repeat(8000)}`
    await write(await create(`k${String(index).padStart(2, '0')}`, text))
  }
  const { signingKey } = await client().repository.identity()
  const head = await client().repository.latestCommit()
  const reader = (await client().repository.exportCar()).getReader()
  const chunks: Uint8Array[] = []
  const first = await reader.read()
  if (first.value) chunks.push(first.value)
  await write(...Array.from({ length: 40 }, (_, i) => remove(`k${String(i).padStart(2, '0')}`)))
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    chunks.push(value)
  }
  const car = new Uint8Array(await new Blob(chunks).arrayBuffer())
  const { creates, commit } = await verifyRepoCar(car, did, signingKey)
  expect(commit.cid.toString()).toBe(head.cid)
  expect(creates).toHaveLength(40)
  const left = await runInDurableObject(account, (_, { storage }) =>
    storage.sql
      .exec('SELECT cid FROM snapshot_node UNION ALL SELECT cid FROM snapshot_record')
      .toArray(),
  )
  expect(left).toEqual([])
})

test('collections are listed, neighbours in name included', async () => {
  const names = [
    'com.example.note',
    'com.example.note-x',
    'com.example.note.deep',
    'com.example.notes',
  ]
  for (const name of names) {
    const record = await note('a')
    await write({ action: 'create', collection: name, rkey: 'a', record })
    await write({ action: 'create', collection: name, rkey: 'b', record })
  }
  expect((await client().repository.collections()).sort()).toEqual(names)
  const page = await list({ collection, limit: 10 })
  expect(page.records.map(({ rkey }) => rkey)).toEqual(['b', 'a'])
})

test('listing pages through a collection in both directions, without gap or repeat', async () => {
  await write(...(await Promise.all('abcdefg'.split('').map((key) => create(key, key)))))
  for (const reverse of [false, true]) {
    const seen: string[] = []
    let cursor: string | undefined
    for (;;) {
      const { records, more } = await list({ collection, limit: 3, cursor, reverse })
      seen.push(...records.map(({ rkey }) => rkey))
      if (!more) break
      cursor = records.at(-1)?.rkey
    }
    expect(seen.join('')).toBe(reverse ? 'abcdefg' : 'gfedcba')
  }
})

test('the account is the same after the object was evicted, its key included', async () => {
  await write(await create('a', '1'))
  const before = await client().repository.identity()
  await evictDurableObject(account)
  expect(await client().repository.identity()).toEqual(before)
  await write(await create('b', '2'))
  expect(await keys()).toEqual(['a', 'b'])
})

test('signing keys and passwords are not in the store as they are', async () => {
  const other = 'did:web:secretive.test'
  const stub = stubOf(env, other)
  const password = 'a password of some length'
  await client(stub).lifecycle.create({
    did: other,
    handle: 'secretive.test',
    email: null,
    password,
  })
  const row = await runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec<{ password: string; signing_key: ArrayBuffer }>('SELECT * FROM account').one(),
  )
  expect(row.password).toMatch(/^scrypt\$16384\$8\$1\$[0-9a-f]{32}\$[0-9a-f]{128}$/)
  expect(row.signing_key.byteLength).toBe(12 + 32 + 16)
  expect(await client(stub).sessions.open('wrong')).toBeNull()
  expect((await client(stub).sessions.open(password))?.account.did).toBe(other)
})

test('a second like of one thing takes the place of the first', async () => {
  const like = (rkey: string, uri: string, replacesDuplicates = true): Write => {
    const block = encode({ $type: 'app.bsky.feed.like', subject: { uri, cid: 'x' }, n: rkey })
    const record = { cid: cidOf(block), block, blobs: [] }
    return { action: 'create', collection: 'app.bsky.feed.like', rkey, record, replacesDuplicates }
  }
  const one = 'at://did:web:a.test/app.bsky.feed.post/1'
  // More than relays take in one commit: what is left goes with the next.
  const many = Array.from({ length: 240 }, (_, n) => like(`many${n}`, one, false))
  await write(...many.slice(0, 120))
  await write(...many.slice(120))
  await write(like('x', one))
  expect(await keys()).toHaveLength(240 - 199 + 1)
  await write(like('y', one))
  expect(await keys()).toEqual(['y'])
  await write({ action: 'delete', collection: 'app.bsky.feed.like', rkey: 'y' })
  const two = 'at://did:web:a.test/app.bsky.feed.post/2'
  await write(like('a', one))
  await write(like('b', two))
  const replaced = await write(like('c', one))
  expect(replaced.results).toMatchObject([{ action: 'create', path: 'app.bsky.feed.like/c' }])
  expect(await keys()).toEqual(['b', 'c'])
  await write(like('d', one, false))
  expect(await keys()).toEqual(['b', 'c', 'd'])
  await write(like('e', one))
  expect(await keys()).toEqual(['b', 'e'])
  await write({ action: 'delete', collection: 'app.bsky.feed.like', rkey: 'e' })
  await write(like('f', one), like('g', one))
  expect(await keys()).toEqual(['b', 'f', 'g'])
  const links = await runInDurableObject(account, (_, { storage }) =>
    storage.sql.exec<{ rkey: string }>('SELECT rkey FROM backlink ORDER BY rkey').toArray(),
  )
  expect(links.map(({ rkey }) => rkey)).toEqual(['b', 'f', 'g'])
})

test('an event that could not be delivered is delivered when the alarm rings', async () => {
  const waiting = () =>
    runInDurableObject(account, (_, { storage }) =>
      storage.sql.exec('SELECT id FROM outbox').toArray(),
    )
  await write(await create('a', '1'))
  await runDurableObjectAlarm(account)
  expect(await waiting()).toEqual([])
  // The sequencer cannot store events: it fails as a broken one would.
  const sequencing = sequencerStub(env)
  await runInDurableObject(sequencing, (_, { storage }) => {
    storage.sql.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
  })
  await write(await create('b', '2'))
  await settle(account)
  expect(await waiting()).toHaveLength(1)
  const alarm = await runInDurableObject(account, (_, { storage }) => storage.getAlarm())
  expect(alarm).toBeGreaterThan(Date.now())
  await runInDurableObject(sequencing, (_, { storage }) => {
    storage.sql.exec('DROP TRIGGER broken')
  })
  // The first may ring for what is due a few ms before the next attempt.
  await runDurableObjectAlarm(account)
  await runDurableObjectAlarm(account)
  expect(await waiting()).toEqual([])
})
