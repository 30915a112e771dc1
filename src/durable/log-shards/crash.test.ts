/** The way of a write through a log that several objects share, broken off at each of its steps. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { logPlaceOf } from '../../kernel/log-shards.ts'
import {
  accountStub,
  hostObjects,
  logShardStub,
  sequencerStub,
} from '../../services/objects/stubs.ts'
import { FaithfulConsumer } from '../../testing/consumer.ts'
import { crashAfterStatement, crashAtAlarm, crashNow } from '../../testing/crash.ts'
import { setLogShards } from '../../testing/log-shards.ts'
import { createAccount, expectWhole, write } from '../../testing/log-writers.ts'

/** More than a delivery has. */
const STATEMENTS = 20
const SHARDS = 3

let did: string
let acknowledged: string[]
let consumer: FaithfulConsumer

const account = () => accountStub(env, did)
const front = () => sequencerStub(env)
const shard = () => {
  const layout = { generation: 2, shards: SHARDS }
  return logShardStub(env, logPlaceOf(did, layout))
}
const objects = { account, shard, front }

beforeAll(() => setLogShards(SHARDS))
beforeEach(async () => {
  did = await createAccount()
  acknowledged = []
  consumer = new FaithfulConsumer(front, 0)
})
afterEach(() => consumer.stop())

async function tryWrite(): Promise<boolean> {
  try {
    acknowledged.push(await write(did))
    return true
  } catch {
    return false
  }
}

/** Restarts everything, and holds what consumers got against the repository. */
async function expectEverythingOnce(): Promise<void> {
  for (const stub of [account, shard, front]) await crashNow(stub)
  for (const stub of [account, shard, front]) await runDurableObjectAlarm(stub())
  await expectWhole(consumer, new Map([[did, acknowledged]]))
  const waiting = await runInDurableObject(account(), (_, { storage }) =>
    storage.sql.exec('SELECT id FROM outbox').toArray(),
  )
  expect(waiting).toEqual([])
}

test.each(['shard', 'front'] as const)(
  'a %s that crashes after any statement of a delivery stores it once in the end',
  async (name) => {
    const stub = objects[name]
    for (let statement = 1; statement <= STATEMENTS; statement++) {
      await crashNow(stub)
      await crashAfterStatement(stub, statement)
      expect(await tryWrite()).toBe(true)
      expect(await tryWrite()).toBe(true)
    }
    await expectEverythingOnce()
  },
)

test.each(['shard', 'front'] as const)(
  'a %s that crashes when it sets its alarm stores everything once',
  async (name) => {
    const stub = objects[name]
    await crashNow(stub)
    await runInDurableObject(stub(), (_, { storage }) => storage.deleteAlarm())
    await crashAtAlarm(stub)
    expect(await tryWrite()).toBe(true)
    await expectEverythingOnce()
  },
)

test('many writes while all objects crash again and again arrive once and in order', async () => {
  let stop = false
  const crashing = (async () => {
    const all = Object.values(objects)
    for (let round = 0; !stop; round++) {
      const stub = all[round % all.length]
      if (stub) await crashNow(stub)
      await scheduler.wait(0)
    }
  })()
  const writeMany = async () => {
    for (let count = 0; count < 40; count++) await tryWrite()
  }
  await Promise.all([writeMany(), writeMany(), writeMany()])
  stop = true
  await crashing
  expect(acknowledged.length).toBeGreaterThan(0)
  // Some crashed on their way.
  expect(acknowledged.length).toBeLessThan(3 * 40)
  await expectEverythingOnce()
})

test('events that wait for the sequencer have their numbers without another write', async () => {
  await crashAfterStatement(front, 1)
  await tryWrite()
  await expectWhole(consumer, new Map([[did, acknowledged]]))
  const { logFront } = hostObjects(env)
  expect((await logFront.states()).map(({ place }) => place.shard)).toEqual([0, 1, 2])
})
