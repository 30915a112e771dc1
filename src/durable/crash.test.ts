/** The way of a write from the account to consumers, broken off at each of its steps. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { accountStub, hostObjects, sequencerStub } from '../services/objects/stubs.ts'
import { FaithfulConsumer, listen, type ReceivedEvent } from '../testing/consumer.ts'
import {
  crashAfterStatement,
  crashAtAlarm,
  crashNow,
  type DeliveryFault,
  disturbDelivery,
} from '../testing/crash.ts'
import { basic, PASSWORD, send } from '../testing/host.ts'
import { asStored, withoutRepeats } from '../testing/repeats.ts'
import { resultOf } from '../testing/result.ts'
import { storedEvents } from '../testing/stored-events.ts'

/** More than a write has. */
const STATEMENTS = 20

const collection = 'com.example.note'

let made = 0
let did: string
let consumer: FaithfulConsumer
/** Revs of the writes that were acknowledged. */
let acknowledged: string[]

const account = () => accountStub(env, did)
const client = () => hostObjects(env).account(did)
const sequencer = () => sequencerStub(env)

beforeEach(async () => {
  did = `did:web:crash-${made++}.test`
  acknowledged = []
  const handle = did.slice('did:web:'.length)
  await client().lifecycle.create({ did, handle, email: null, password: null })
  consumer = new FaithfulConsumer(sequencer, 0)
})
afterEach(() => consumer.stop())

/** Writes a record; whether the write was acknowledged. */
async function write(): Promise<boolean> {
  const block = encode({ $type: collection, text: crypto.randomUUID() })
  const record = { cid: cidOf(block), block, blobs: [] }
  try {
    const { commit } = await client().repository.write({
      writes: [{ action: 'create', collection, rkey: nextKey(), record }],
    })
    acknowledged.push(commit?.rev ?? '')
    return true
  } catch {
    return false
  }
}

/** Resolves when the consumer has the last commit that was acknowledged, stored or not. */
const untilSent = (): Promise<void> =>
  consumer.until(() =>
    consumer.received.some(({ body }) => body.repo === did && body.rev === acknowledged.at(-1)),
  )

/** Resolves when the log has the account's last commit: what failed is tried again when the alarm rings. */
const untilStored = () =>
  vi.waitUntil(async () => {
    const { rev } = await client().repository.latestCommit()
    const isStored = await runInDurableObject(sequencer(), (_, { storage: { sql } }) =>
      sql.exec('SELECT 1 FROM source WHERE did = ? AND rev = ?', did, rev).toArray(),
    ).catch(() => [])
    if (isStored.length > 0) return true
    await runDurableObjectAlarm(account()).catch(() => undefined)
    return false
  })

/**
 * Events that the sequencer gathers wait to be stored until this is released, however long the writes take: timers of 10 ms and
 * more (`grouped-store.ts`) do not fire.
 *
 * @returns what releases it
 */
function holdGathering(): () => void {
  const { setTimeout } = globalThis
  const spies = [
    vi.spyOn(Date, 'now').mockReturnValue(Date.now()),
    vi
      .spyOn(globalThis, 'setTimeout')
      .mockImplementation(((work: () => void, pause = 0) =>
        pause < 10 ? setTimeout(work, pause) : undefined) as never),
  ]
  const release = () => {
    for (const spy of spies) spy.mockRestore()
  }
  onTestFinished(release)
  return release
}

let keys = 0
const nextKey = () => `k${keys++}`

/**
 * Restarts everything, lets alarms ring, and holds what consumers got against the repository.
 *
 * @returns commits that consumers got again, since the sequencer ended between sending and storing them
 */
async function expectEverythingOnce(): Promise<ReceivedEvent[]> {
  await crashNow(account)
  await crashNow(sequencer)
  await runDurableObjectAlarm(account())
  const { rev } = await client().repository.latestCommit()
  const received = () => withoutRepeats(consumer.received)
  const mine = () => received().once.filter(({ body }) => (body.repo ?? body.did) === did)
  await consumer.until(() => mine().some(({ body }) => body.rev === rev))
  // Before this, deliveries may still be under way whose commits consumers have.
  await untilStored()
  const stored = await runInDurableObject(sequencer(), (_, { storage: { sql } }) =>
    storedEvents(sql).map(({ event }) => event.seq),
  )
  await consumer.until(() => Number(consumer.received.at(-1)?.body.seq) >= Number(stored.at(-1)))
  const { repeats } = received()

  const numbers = consumer.received.map(({ body }) => Number(body.seq))
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  // Each commit follows the one before it and the last is the repository's head: nothing is missing,
  // nothing is there twice, and nothing is there that did not happen.
  const commits = mine().filter(({ type }) => type === '#commit')
  const revs = commits.map(({ body }) => body.rev)
  expect(commits.map(({ body }) => body.since)).toEqual([null, ...revs.slice(0, -1)])
  expect(revs.at(-1)).toBe(rev)
  expect(revs).toEqual(expect.arrayContaining(acknowledged))
  expect(mine().map(({ type }) => type)).toEqual([
    '#identity',
    '#account',
    '#commit',
    '#sync',
    ...commits.slice(1).map(() => '#commit'),
  ])
  // The log has them once, with the last number of each.
  expect(asStored(consumer.received).map(({ body }) => body.seq)).toEqual(stored)
  const late = await listen(sequencer(), 0)
  await late.until(() => late.received.length >= stored.length)
  expect(late.received.map(({ body }) => body.seq)).toEqual(stored)
  late.socket.close()
  const waiting = await runInDurableObject(account(), (_, { storage }) =>
    storage.sql.exec('SELECT id FROM outbox').toArray(),
  )
  expect(waiting).toEqual([])
  return repeats
}

test('an account that crashes after any statement of a write keeps the order and loses nothing', async () => {
  let crashes = 0
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    await crashAfterStatement(account, statement)
    if (!(await write())) crashes++
    await write()
  }
  expect(crashes).toBeGreaterThan(3)
  await expectEverythingOnce()
})

test('a sequencer that crashes after any statement of a delivery stores it once in the end', async () => {
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    await crashNow(sequencer)
    await crashAfterStatement(sequencer, statement)
    expect(await write()).toBe(true)
    expect(await write()).toBe(true)
  }
  await expectEverythingOnce()
})

test('a sequencer that crashes after any statement of storing events that were sent already stores them once in the end', async () => {
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    expect(await write()).toBe(true)
    await untilStored()
    await crashAfterStatement(sequencer, statement)
    expect(await Promise.all([write(), write(), write()])).toEqual([true, true, true])
    await untilStored()
  }
  await expectEverythingOnce()
})

test('commits that were sent when the sequencer crashes before it stores them come again, with higher numbers', async () => {
  for (let round = 0; round < 10; round++) {
    const release = holdGathering()
    for (let count = 0; count < 5; count++) expect(await write()).toBe(true)
    await untilSent()
    await crashNow(sequencer)
    release()
    if (round % 2) await crashNow(account)
    await untilStored()
  }
  const repeats = await expectEverythingOnce()
  expect(repeats.length).toBeGreaterThanOrEqual(10 * 4)
})

test('a sequencer that crashes when it sets its alarm stores everything once', async () => {
  await crashNow(sequencer)
  await runInDurableObject(sequencer(), (_, { storage }) => storage.deleteAlarm())
  await crashAtAlarm(sequencer)
  expect(await write()).toBe(true)
  await expectEverythingOnce()
})

test('an account that crashes when it sets its alarm has either the write and the alarm or neither', async () => {
  await crashNow(account)
  await crashAtAlarm(account)
  await write()
  await expectEverythingOnce()
})

test.each<DeliveryFault>([
  'the account crashes before it',
  'the account crashes after it',
  'the answer is lost',
])('a delivery arrives once although %s', async (fault) => {
  for (const writes of [2, 1]) {
    // No delivery is under way that would end this life of the account before the next one is disturbed.
    await crashNow(account)
    const isDisturbed = await disturbDelivery(account, fault)
    for (let count = 0; count < writes; count++) await write()
    // A delivery that had begun before is not disturbed: the next one is.
    await vi.waitUntil(async () => isDisturbed() || ((await write()) && isDisturbed()))
  }
  await expectEverythingOnce()
})

test('deliveries whose rows were not removed yet are dropped when they come again', async () => {
  for (let count = 0; count < 40; count++) await write()
  await crashNow(account)
  await write()
  await runDurableObjectAlarm(account())
  await crashAfterStatement(account, 1)
  await runDurableObjectAlarm(account()).catch(() => undefined)
  await expectEverythingOnce()
})

test('an account is announced once, whichever object crashes after whichever statement of its making', async () => {
  const directory = () => env.DIRECTORY.get(env.DIRECTORY.idFromName('directory'))
  const crashing = [directory, sequencer, () => accountStub(env, did)]
  let announced = 0
  for (const stub of crashing) {
    for (let statement = 1; statement <= STATEMENTS; statement++) {
      const name = `made-${made++}.test`
      did = `did:web:${name}`
      acknowledged = []
      await crashAfterStatement(stub, statement)
      const body = JSON.stringify({ handle: name, did, password: PASSWORD })
      const authorization = basic('admin', 'test admin password')
      const headers = { authorization, 'content-type': 'application/json' }
      const path = '/xrpc/com.atproto.server.createAccount'
      // Whoever gets no answer tries again; it may have worked, though.
      const attempt = async () => (await send(path, { method: 'POST', headers, body })).ok
      if (!(await attempt())) await attempt()
      const found = await resultOf(client().repository.latestCommit())
      // What broke off while names were reserved is free again after a minute only.
      if (!found.ok) continue
      announced++
      await expectEverythingOnce()
    }
  }
  expect(announced).toBeGreaterThan(2 * STATEMENTS)
})

test('many writes while both objects crash again and again arrive once and in order', async () => {
  let stop = false
  const crashing = (async () => {
    for (let round = 0; !stop; round++) {
      await crashNow(round % 2 ? account : sequencer)
      await scheduler.wait(0)
    }
  })()
  const writeMany = async () => {
    for (let count = 0; count < 40; count++) await write()
  }
  await Promise.all([writeMany(), writeMany(), writeMany()])
  stop = true
  await crashing
  expect(acknowledged.length).toBeGreaterThan(0)
  // Some crashed on their way.
  expect(acknowledged.length).toBeLessThan(3 * 40)
  await expectEverythingOnce()
})

test('an account that crashes after any statement of settling the commits of its journal loses none of them', async () => {
  let crashes = 0
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    for (let count = 0; count < 3; count++) expect(await write()).toBe(true)
    await crashAfterStatement(account, statement)
    await runDurableObjectAlarm(account()).catch(() => crashes++)
    // The last ones come to fewer statements.
    await crashNow(account)
  }
  expect(crashes).toBeGreaterThan(3)
  expect(await write()).toBe(true)
  await expectEverythingOnce()
})
