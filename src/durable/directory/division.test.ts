/** Several objects that share what is looked up about accounts. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { RpcObject, RpcResult } from '../../contracts/answer.ts'
import { directoryShardOf } from '../../kernel/directory-shards.ts'
import { AccountLookup } from '../../services/accounts/account-lookup.ts'
import { reportDirectory } from '../../services/accounts/directory-report.ts'
import { directoryShardStub, directoryStub, hostObjects } from '../../services/objects/stubs.ts'
import type { CopyState } from '../../storage/directory/copied-accounts.ts'
import { crashAfterStatement } from '../../testing/crash.ts'
import { directoryShardStubs, rowsOf, setDirectoryShards } from '../../testing/directory-shards.ts'

/** ms */
const HOUR = 60 * 60 * 1000

type DirectoryStub = ReturnType<typeof directoryStub>

const host = hostObjects(env)
const lookupOf = (directoryShards: number) =>
  new AccountLookup(hostObjects(env, { directoryShards }))
const account = (name: string) => ({
  did: `did:plc:${name}`,
  handle: `${name}.example.com`,
  email: `${name}@example.com`,
})

async function signUp(name: string) {
  await host.directory.accounts.reserve(account(name), undefined, { byOperator: true })
  expect(await host.directory.accounts.confirm(account(name))).toBe(true)
  return account(name)
}

const hangs = () => new Promise<never>(() => {})

const changesOf = () =>
  rowsOf<{ did: string }>(directoryStub(env), 'SELECT did FROM account_change')
const triggersOf = () =>
  rowsOf(directoryStub(env), "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
const namesIn = async (shards: number) => {
  const rows = await Promise.all(
    directoryShardStubs(shards).map((stub) =>
      rowsOf<{ name: string }>(stub(), 'SELECT name FROM name ORDER BY name'),
    ),
  )
  return rows.map((of) => of.map(({ name }) => name))
}

/** Lets the objects copy all accounts. */
const untilCopied = (shards: number, names: number) =>
  vi.waitFor(async () => expect((await namesIn(shards)).flat()).toHaveLength(names))

const askEach = (shards: number) =>
  Promise.all(
    directoryShardStubs(shards).map(async (stub) => {
      const { residents } = hostObjects(env, { directoryShards: shards }).directoryShard(
        nameIn(stub, shards),
      )
      await residents.find('handle', 'nobody.example.com')
    }),
  )

/** A name that belongs to an object. */
function nameIn(stub: () => { id: DurableObjectId }, shards: number): string {
  for (let n = 0; ; n++) {
    if (directoryShardStub(env, `${n}`, shards).id.equals(stub().id)) return `${n}`
  }
}

/** Has what the directory is asked go through `seen`. */
const watchDirectory = (seen: (call: () => Promise<RpcResult>) => Promise<RpcResult>) =>
  runInDurableObject(directoryStub(env), (directory) => {
    // All objects of the class have it.
    const shared = Object.getPrototypeOf(directory) as RpcObject
    const { call } = shared
    vi.spyOn(shared, 'call').mockImplementation(function (this: unknown, ...args) {
      const answer = () => call.apply(this, args)
      return this === directory ? seen(answer) : answer()
    })
  })

/** Has the clock move, and the alarms of all ring. */
async function later(ms: number, shards: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  for (const stub of [() => directoryStub(env), ...directoryShardStubs(shards)])
    await runDurableObjectAlarm(stub())
}

// Once, as the clock of what is stored does not go back.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterAll(() => {
  vi.useRealTimers()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await runInDurableObject(directoryStub(env), async (_, { storage }) => {
    storage.sql.exec('DELETE FROM account')
    await storage.deleteAlarm()
  })
  await setDirectoryShards(1, 3)
})

test('a host that is not divided writes nothing of it', async () => {
  const { did } = await signUp('a')
  await host.directory.accounts.setHandle(did, 'b.example.com', { byOperator: true })
  expect((await lookupOf(1).find('b.example.com'))?.did).toBe(did)
  expect(await changesOf()).toEqual([])
  expect(await triggersOf()).toEqual([])
})

test('each name is copied to the object that it belongs to, and found there by DID, handle and address', async () => {
  const before = [await signUp('a'), await signUp('b'), await signUp('c')]
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 9)
  const after = [await signUp('d'), await signUp('e')]
  const lookup = lookupOf(3)
  for (const one of [...before, ...after]) {
    for (const name of [one.did, one.handle, one.email])
      expect(await lookup.findByIdentifier(name)).toEqual(one)
  }
  expect(await lookup.find('nobody.example.com')).toBeUndefined()
  expect(await lookup.find('a@example.com')).toBeUndefined()
  for (const [shard, names] of (await namesIn(3)).entries())
    expect(names.map((name) => directoryShardOf(name, 3))).toEqual(names.map(() => shard))
})

test('who is copied is found without the directory', async () => {
  const [a, b] = [await signUp('a'), await signUp('b')]
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 6)
  await askEach(3)
  await watchDirectory(() => Promise.reject(new Error('asked')))
  expect(await lookupOf(3).find(a.handle)).toEqual(a)
  expect(await lookupOf(3).find(b.did)).toEqual(b)
  await expect(lookupOf(3).find('nobody.example.com')).rejects.toThrow('asked')
  vi.setSystemTime(Date.now() + 2_500)
  await expect(lookupOf(3).find(a.handle)).rejects.toThrow('asked')
})

test('however many ask for names that nobody has, the directory is asked one thing at a time', async () => {
  await signUp('a')
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 3)
  let [atOnce, most, calls] = [0, 0, 0]
  await watchDirectory((call) => {
    calls++
    atOnce++
    most = Math.max(most, atOnce)
    return call().finally(() => atOnce--)
  })
  const lookup = lookupOf(3)
  const names = Array.from({ length: 300 }, (_, n) => `nobody-${n}.example.com`)
  expect(await Promise.all(names.map((name) => lookup.find(name)))).toEqual(
    names.map(() => undefined),
  )
  expect(most).toBeLessThanOrEqual(3)
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThan(30)
})

test('an address that has gone from one account to another is that of the other at once', async () => {
  const [a, b] = [await signUp('a'), await signUp('b')]
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 6)
  const lookup = lookupOf(3)
  expect((await lookup.findByIdentifier(a.email))?.did).toBe(a.did)
  await host.directory.accounts.setEmail(a.did, 'other@example.com')
  await host.directory.accounts.setEmail(b.did, a.email)
  expect((await lookup.findByIdentifier(a.email))?.did).toBe(b.did)
})

test('objects that are used no more forget everybody, and the directory writes nothing for them', async () => {
  await signUp('a')
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 3)
  await setDirectoryShards(1, 3)
  // Who has not heard of it is answered.
  const b = await signUp('b')
  expect(await lookupOf(3).find(b.handle)).toEqual(b)
  await later(HOUR, 3)
  expect((await namesIn(3)).flat()).toEqual([])
  expect(await triggersOf()).toEqual([])
  expect(await changesOf()).toEqual([])
  const c = await signUp('c')
  expect(await changesOf()).toEqual([])
  // And again: nothing of before is believed.
  await setDirectoryShards(3, 3)
  await askEach(3)
  for (const { did, handle } of [b, c]) expect((await lookupOf(3).find(handle))?.did).toBe(did)
  await untilCopied(3, 9)
})

test('who is gone is forgotten within the hour where nobody asks, and in a day in the list of changes', async () => {
  const [a] = [await signUp('a'), await signUp('b')]
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 6)
  await host.directory.accounts.remove(a.did)
  await later(HOUR, 3)
  expect((await namesIn(3)).flat()).toHaveLength(3)
  expect(await changesOf()).toContainEqual({ did: a.did })
  await host.directory.accounts.setHandle(account('b').did, 'bb.example.com', { byOperator: true })
  await later(25 * HOUR, 3)
  expect(await changesOf()).not.toContainEqual({ did: a.did })
})

test('an object that has missed more than is kept copies everything anew', async () => {
  const [a, b] = [await signUp('a'), await signUp('b')]
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 6)
  await host.directory.accounts.remove(a.did)
  await host.directory.accounts.setHandle(b.did, 'bb.example.com', { byOperator: true })
  vi.setSystemTime(Date.now() + 25 * HOUR)
  await runDurableObjectAlarm(directoryStub(env))
  expect(await changesOf()).toEqual([{ did: b.did }])
  await askEach(3)
  await untilCopied(3, 3)
  expect(await lookupOf(3).find(a.handle)).toBeUndefined()
  expect((await lookupOf(3).find('bb.example.com'))?.did).toBe(b.did)
})

test('a copy that is broken off goes on where it was', async () => {
  // What lists show of them is known: each would be asked for it otherwise, in an object of its own.
  await runInDurableObject(directoryStub(env), (_, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (n) AS (SELECT 10000 UNION ALL SELECT n + 1 FROM n WHERE n < 12499)
       INSERT INTO account (did, handle, email, ready, created_at, status, stored_bytes)
         SELECT 'did:plc:' || n, n || '.example.com', NULL, 1, 0, 'active', 0 FROM n`,
    )
  })
  // None of these has anything yet.
  await setDirectoryShards(4)
  const stub = directoryShardStubs(4)[0] as () => DirectoryStub
  const copying = () =>
    runInDurableObject(stub(), (_, { storage }) => storage.kv.get<CopyState>('copied')?.copying)
  // A page is some 900 of them.
  await crashAfterStatement(stub, 1_400)
  const name = nameIn(stub, 4)
  const { residents } = hostObjects(env, { directoryShards: 4 }).directoryShard(name)
  await residents.find('handle', name)
  await vi.waitFor(async () => expect(await copying()).toBe('did:plc:10999'))
  await vi.waitFor(async () => {
    expect(await lookupOf(4).find(name)).toBeUndefined()
    expect(await copying()).toBe(null)
  })
  const [names] = await namesIn(4)
  const all = Array.from({ length: 2_500 }, (_, n) => [
    `did:plc:${10_000 + n}`,
    `${10_000 + n}.example.com`,
  ])
  expect(names).toEqual(
    all
      .flat()
      .filter((one) => directoryShardOf(one, 4) === 0)
      .sort(),
  )
})

test('after a restore everything is copied anew', async () => {
  const a = await signUp('a')
  await setDirectoryShards(3)
  await askEach(3)
  await untilCopied(3, 3)
  const { accounts, backup, restore } = host.directory
  const dump = new Uint8Array(await new Response(await backup.dump()).arrayBuffer())
  const b = await signUp('b')
  await accounts.setHandle(a.did, 'aa.example.com', { byOperator: true })
  expect((await lookupOf(3).find(b.did))?.did).toBe(b.did)
  await restore.begin('one')
  await restore.stage(0, dump)
  await restore.apply(false)
  vi.setSystemTime(Date.now() + 2_500)
  expect(await lookupOf(3).find(a.handle)).toEqual(a)
  expect(await lookupOf(3).find(b.did)).toBeUndefined()
  await askEach(3)
  await untilCopied(3, 3)
})

test('what client addresses do is counted by one object each', async () => {
  const charge = { key: 'k', limit: 2, window: HOUR, points: 1 }
  const objects = hostObjects(env, { directoryShards: 3 })
  const count = () => objects.directoryShard('192.0.2.1').rateLimits.consume([charge])
  await count()
  await count()
  expect(await count()).toMatchObject({ exceeded: true })
  const rows = await Promise.all(
    directoryShardStubs(3).map((stub) => rowsOf(stub(), 'SELECT * FROM rate')),
  )
  expect(rows.map(({ length }) => length).sort()).toEqual([0, 0, 1])
})

test('the operator is told how large each object is, how far it is filled, and how far it is behind', async () => {
  for (const name of ['a', 'b', 'c']) await signUp(name)
  expect(await reportDirectory(host)).toEqual({ bytes: expect.any(Number), shards: [] })
  await setDirectoryShards(5)
  const divided = hostObjects(env, { directoryShards: 5 })
  const triggers = await triggersOf()
  // Nobody has asked for anything: nothing was begun, here or in the directory.
  const unasked = await reportDirectory(divided)
  expect(unasked.shards).toMatchObject(Array(5).fill({ names: 0, answers: true, complete: false }))
  expect(await triggersOf()).toEqual(triggers)
  await watchDirectory(async (call) => {
    const answer = await call()
    if (answer.ok && (answer.value as { looked?: number } | null)?.looked !== undefined) {
      throw new Error('no page')
    }
    return answer
  })
  await askEach(5)
  const begun = await reportDirectory(divided)
  expect(begun.shards.map(({ copying }) => copying)).toEqual(
    Array(5).fill({ looked: 0, at: Date.now() }),
  )
  vi.restoreAllMocks()
  await later(HOUR, 5)
  await untilCopied(5, 9)
  const names = (await namesIn(5)).map(({ length }) => length)
  const copied = await reportDirectory(divided)
  expect(copied.shards).toEqual(
    names.map((count) => ({
      ...{ names: count, bytes: expect.any(Number), answers: true, complete: true },
      lag: { changes: 0, since: undefined },
    })),
  )
  await signUp('d')
  await signUp('e')
  const behind = await reportDirectory(divided)
  for (const { lag } of behind.shards) {
    expect(lag?.changes).toBeGreaterThanOrEqual(2)
    // By the clock of the database, which no test moves.
    expect(lag?.since).toEqual(expect.any(Number))
  }
  const broken = { ...divided, directoryDivision: () => ({ copy: { report: hangs } }) }
  vi.useRealTimers()
  const unanswered = await reportDirectory(broken as never)
  vi.useFakeTimers({ toFake: ['Date'] })
  expect(unanswered.shards).toMatchObject(Array(5).fill({ answers: false, complete: false }))
  // Of another list of changes nobody knows how far behind they are.
  await runInDurableObject(directoryStub(env), (_, { storage }) =>
    storage.kv.put('account changes', 'another life'),
  )
  const anew = await reportDirectory(divided)
  expect(anew.shards).toMatchObject(Array(5).fill({ complete: false, lag: undefined }))
  await setDirectoryShards(1, 5)
})
