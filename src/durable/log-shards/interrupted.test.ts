/** Objects that share the log hang, or the sequencer takes nothing, while accounts write and while the log is divided anew. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { logPlaceOf, placeNamed } from '../../kernel/log-shards.ts'
import { accountStub, hostObjects, sequencerStub } from '../../services/objects/stubs.ts'
import { FaithfulConsumer, listen } from '../../testing/consumer.ts'
import { crashNow } from '../../testing/crash.ts'
import { beginLogShards, setLogShards, untilLogShards } from '../../testing/log-shards.ts'
import { createAccount, expectWhole, write } from '../../testing/log-writers.ts'
import { SequencerObject } from '../sequencer.ts'

const front = () => sequencerStub(env)
const objects = hostObjects(env)
/** Whose event is the newest that the sequencer has itself. */
let last: string
let acknowledged: Map<string, string[]>

/** What does not happen, for now. */
let hangs: ((shard: number | undefined, method: string) => boolean) | undefined
let refuses: ((method: string) => boolean) | undefined

beforeAll(async () => {
  const { call } = SequencerObject.prototype
  vi.spyOn(SequencerObject.prototype, 'call').mockImplementation(async function (
    this: SequencerObject,
    part,
    method,
    args,
  ) {
    const { ctx } = this as unknown as { ctx: DurableObjectState }
    while (hangs?.(placeNamed(ctx.id.name)?.shard, method)) await scheduler.wait(20)
    if (refuses?.(method)) throw new Error('refused')
    return call.apply(this, [part, method, args])
  })
  vi.spyOn(console, 'error').mockReturnValue()
  last = await createAccount()
  await write(last)
  await setLogShards(3)
})

beforeEach(() => {
  hangs = undefined
  refuses = undefined
  acknowledged = new Map()
})

async function writeAll(): Promise<void> {
  for (const [did, revs] of acknowledged) revs.push(await write(did))
}

/** Lets what failed be tried again at once. */
async function tryAgain(): Promise<void> {
  for (const did of acknowledged.keys()) await runDurableObjectAlarm(accountStub(env, did))
}

const ownEvents = () =>
  runInDurableObject(front(), (_, { storage }) =>
    storage.sql.exec<{ did: string }>('SELECT did FROM event').toArray(),
  )

test('the sequencer keeps its newest event, of a deleted account, until it has a later one: no number is given twice', async () => {
  const { head } = await front().status()
  refuses = (method) => method === 'take'
  await objects.account(last).lifecycle.destroy()
  const { generation, shards } = (await objects.logFront.layouts()).at(-1) ?? {
    generation: 0,
    shards: 0,
  }
  const [state] = (await objects.logFront.states()).filter(
    ({ place }) => place.shard === logPlaceOf(last, { generation, shards }).shard,
  )
  expect(state?.waiting).toBe(1)
  await crashNow(front)
  expect((await ownEvents()).at(-1)?.did).toBe(last)
  expect((await front().status()).head).toBe(head)
  refuses = undefined
  const consumer = await listen(front(), head)
  acknowledged.set(await createAccount(), [])
  await consumer.until(() => consumer.received.length > 3)
  const numbers = consumer.received.map(({ body }) => body.seq)
  // It may have left some out when it crashed.
  expect(numbers[0]).toBeGreaterThan(head)
  expect(numbers).toEqual(numbers.map((_, index) => Number(numbers[0]) + index))
  consumer.socket.close()
})

test('while one object hangs, accounts of others are heard of, the status says which, and later nothing is missing', async () => {
  const { head } = await front().status()
  const consumer = new FaithfulConsumer(front, head)
  const { generation, shards } = (await objects.logFront.layouts()).at(-1) ?? {
    generation: 0,
    shards: 0,
  }
  const shardOf = (did: string) => logPlaceOf(did, { generation, shards }).shard
  const late = new Set<string>()
  while (late.size === 0 || late.size === acknowledged.size) {
    const did = await createAccount()
    acknowledged.set(did, [])
    if (shardOf(did) === 1) late.add(did)
  }
  await writeAll()
  hangs = (shard) => shard === 1
  await writeAll()
  const heard = (did: string) =>
    consumer.received.some(({ body }) => body.rev === acknowledged.get(did)?.at(-1))
  const others = [...acknowledged.keys()].filter((did) => !late.has(did))
  await consumer.until(() => others.every(heard))
  expect([...late].some(heard)).toBe(false)
  const states = await objects.logFront.states()
  expect(states.map(({ answers }) => answers)).toEqual([true, false, true])
  await crashNow(front)
  const waits = await listen(front(), head)
  expect(await waits.closed).toBe(1001)
  hangs = undefined
  await tryAgain()
  await consumer.until(() => [...acknowledged.keys()].every(heard))
  consumer.stop()
  const whole = new FaithfulConsumer(front, 0)
  await expectWhole(whole, acknowledged)
  whole.stop()
})

test('events that wait for their numbers while fewer objects are to share the log come before later ones', async () => {
  for (let n = 0; n < 4; n++) acknowledged.set(await createAccount(), [])
  await writeAll()
  refuses = (method) => method === 'take'
  await writeAll()
  const states = await objects.logFront.states()
  expect(states.reduce((sum, { waiting }) => sum + waiting, 0)).toBeGreaterThan(0)
  await beginLogShards(1)
  await writeAll()
  refuses = undefined
  await tryAgain()
  await untilLogShards(1)
  const consumer = new FaithfulConsumer(front, 0)
  await expectWhole(consumer, acknowledged)
  consumer.stop()
})

test('a number of objects that is changed again before the last change is done comes to the last one, with nothing lost', async () => {
  for (let n = 0; n < 4; n++) acknowledged.set(await createAccount(), [])
  const consumer = new FaithfulConsumer(front, 0)
  let isChanging = true
  const writing = (async () => {
    while (isChanging) {
      await writeAll()
      // Others have their turn.
      await scheduler.wait(5)
    }
  })()
  try {
    for (const shards of [2, 4, 3]) await beginLogShards(shards)
    await untilLogShards(3)
  } finally {
    isChanging = false
    await writing
  }
  await tryAgain()
  await expectWhole(consumer, acknowledged)
  consumer.stop()
  const states = await objects.logFront.states()
  expect(states.map(({ place }) => `${place.shard}/${place.layout.shards}`)).toEqual([
    '0/3',
    '1/3',
    '2/3',
  ])
})
