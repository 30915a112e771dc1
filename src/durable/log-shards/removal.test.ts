/** What leaves a log that several objects share: what is too old or too much, and the events of whoever is deleted. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { logPlaceOf, placesOf } from '../../kernel/log-shards.ts'
import {
  accountStub,
  hostObjects,
  logShardStub,
  sequencerStub,
} from '../../services/objects/stubs.ts'
import { listen } from '../../testing/consumer.ts'
import { setLogShards } from '../../testing/log-shards.ts'
import { createAccount, write } from '../../testing/log-writers.ts'
import { ring } from '../../testing/settle.ts'

const layout = { generation: 2, shards: 2 }
const front = () => sequencerStub(env)
const shards = () => placesOf(layout).map((place) => logShardStub(env, place))
const settings = env as { PDS_REPO_BACKFILL_LIMIT_MS?: string; PDS_FIREHOSE_MAX_LOG?: string }

let early: string
const dids: string[] = []

beforeAll(async () => {
  early = await createAccount()
  await write(early)
  await setLogShards(2)
  for (let n = 0; n < 6; n++) dids.push(await createAccount())
})
afterAll(() => {
  delete settings.PDS_REPO_BACKFILL_LIMIT_MS
  delete settings.PDS_FIREHOSE_MAX_LOG
})

/** What a consumer from the beginning gets. */
async function readAll() {
  const { head } = await front().status()
  const consumer = await listen(front(), 0)
  await consumer.until(() => Number(consumer.received.at(-1)?.body.seq) >= head)
  consumer.socket.close()
  return consumer.received
}

const eventsIn = (stub: ReturnType<typeof logShardStub>) =>
  runInDurableObject(stub as never, (_, { storage }: DurableObjectState) =>
    storage.sql
      .exec('SELECT did FROM event')
      .toArray()
      .map(({ did }) => did),
  )

/** What was written has its number: the next event has a row, and a batch, of its own. */
const untilAllIsHandedOver = () =>
  vi.waitFor(async () => {
    for (const did of dids) {
      // What the restart broke off has been put off for some seconds.
      await runDurableObjectAlarm(accountStub(env, did) as never)
      const waiting = await runInDurableObject(
        accountStub(env, did) as never,
        (_, { storage }: DurableObjectState) => storage.sql.exec('SELECT id FROM outbox').toArray(),
      )
      expect(waiting).toEqual([])
    }
    const states = await hostObjects(env).logFront.states()
    expect(states.map(({ waiting }) => waiting)).toEqual(states.map(() => 0))
  })

/** Of each object: bytes of its events, and the number there of the oldest. */
const rowsOfAll = () =>
  Promise.all(
    shards().map((stub) =>
      runInDurableObject(stub as never, (_, { storage }: DurableObjectState) =>
        storage.sql
          .exec<{ bytes: number; oldest: number }>(
            'SELECT sum(length(frame)) AS bytes, min(seq) AS oldest FROM event',
          )
          .one(),
      ),
    ),
  )

/** Begins anew with other settings, and lets what is due happen. */
async function restart(): Promise<void> {
  for (const stub of [front(), ...shards()]) {
    await stub.listSources(1)
    await evictDurableObject(stub as never)
  }
  await front().listSources(1)
  await runDurableObjectAlarm(front() as never)
}

test('the events of a deleted account leave all objects, also those that had it before', async () => {
  await write(early)
  const { lifecycle } = hostObjects(env).account(early)
  await lifecycle.destroy()
  const now = logShardStub(env, logPlaceOf(early, layout))
  await vi.waitFor(async () => {
    for (const stub of [accountStub(env, early), now, front()]) {
      await runDurableObjectAlarm(stub as never)
    }
    expect((await eventsIn(now)).filter((did) => did === early)).toHaveLength(1)
    expect(await eventsIn(front())).not.toContain(early)
  })
  const mine = (await readAll()).filter(({ body }) => (body.repo ?? body.did) === early)
  expect(mine).toMatchObject([{ type: '#account', body: { active: false, status: 'deleted' } }])
  expect((await front().listSources(100)).map(({ did }) => did)).not.toContain(early)
})

test('the events of whoever is deleted are not sent from memory to a consumer that comes back', async () => {
  const gone = await createAccount()
  await write(gone)
  await write(dids[0] ?? '')
  const { head } = await front().status()
  await hostObjects(env).account(gone).lifecycle.destroy()
  const shard = logShardStub(env, logPlaceOf(gone, layout))
  await vi.waitFor(async () => {
    for (const stub of [accountStub(env, gone), shard]) await runDurableObjectAlarm(stub as never)
    expect((await eventsIn(shard)).filter((did) => did === gone)).toHaveLength(1)
  })
  const consumer = await listen(front(), head - 6)
  const mine = () => consumer.received.filter(({ body }) => (body.repo ?? body.did) === gone)
  await consumer.until(() => mine().some(({ body }) => body.status === 'deleted'))
  expect(mine()).toMatchObject([{ type: '#account', body: { status: 'deleted' } }])
  consumer.socket.close()
})

test('numbers that are raised leave the events that there are to who comes back for them', async () => {
  const before = await readAll()
  const above = Date.now() * 1000 - 1_000
  expect(await front().raiseSequence(above)).toBe(true)
  await write(dids[0] ?? '')
  await restart()
  const after = await readAll()
  expect(after.slice(0, before.length)).toEqual(before)
  expect(after[before.length]?.body.seq).toBe(above + 1)
})

test('an object that is full has the oldest events of all removed', async () => {
  for (const did of dids) await write(did)
  const before = await readAll()
  const atFirst = await rowsOfAll()
  settings.PDS_FIREHOSE_MAX_LOG = '40000'
  await restart()
  for (let round = 0; round < 60; round++) for (const did of dids) await write(did)
  await vi.waitFor(async () => {
    // With its next events each object tells that it is full.
    for (const did of dids) await write(did)
    await runDurableObjectAlarm(front() as never)
    const now = await rowsOfAll()
    // The newest row stays, with all that is packed there.
    expect(Math.max(...now.map(({ bytes }) => bytes))).toBeLessThan(90_000)
    for (const [n, { oldest }] of now.entries())
      expect(oldest).toBeGreaterThan(atFirst[n]?.oldest ?? 0)
  })
  delete settings.PDS_FIREHOSE_MAX_LOG
  await restart()
  const [info, ...after] = await readAll()
  expect(info?.body).toMatchObject({ name: 'OutdatedCursor' })
  expect(after.length).toBeGreaterThan(5)
  expect(after[0]?.body.seq).toBeGreaterThan(Number(before[0]?.body.seq))
})

test('events that are too old leave all objects, but for the newest of each, and are missed by nobody who has more', async () => {
  // What an object was told to remove while it was its newest event goes with the next that it has handed over.
  for (const did of dids) await write(did)
  await untilAllIsHandedOver()
  await write(dids[0] ?? '')
  await ring(accountStub(env, dids[0] ?? ''))
  const before = await readAll()
  settings.PDS_REPO_BACKFILL_LIMIT_MS = '1'
  await restart()
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(front() as never)
    for (const stub of shards()) expect(await eventsIn(stub)).toHaveLength(1)
  })
  const { head } = await front().status()
  const did = dids[0] ?? ''
  await write(did)
  const consumer = await listen(front(), head)
  await consumer.until(() => consumer.received.length > 0)
  expect(consumer.received).toMatchObject([{ body: { seq: head + 1, repo: did } }])
  const late = await listen(front(), Number(before[1]?.body.seq))
  await late.until(() => late.received.length > 1)
  expect(late.received[0]?.body).toMatchObject({ name: 'OutdatedCursor' })
  // The newest but one is too old as well, as soon as an alarm rings.
  expect(late.received[1]?.body.seq).toBeOneOf([head, head + 1])
})
