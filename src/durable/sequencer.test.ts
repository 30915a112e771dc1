import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import {
  accountEvent,
  identityEvent,
  type OutboxEvent,
  syncEvent,
} from '../storage/account/events.ts'
import { toFrame } from '../storage/sequencer/frame.ts'
import { Retention, schedulePurge } from '../storage/sequencer/retention.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import type { SourceState } from '../storage/sequencer/sources.ts'
import { type Consumer, collect, listen as listenTo } from '../testing/consumer.ts'
import { send } from '../testing/host.ts'
import { storedEvents } from '../testing/stored-events.ts'
import type { SequencerObject } from './sequencer.ts'

let made = 0
let sequencer: DurableObjectStub<SequencerObject>

beforeEach(() => {
  sequencer = env.SEQUENCER.get(env.SEQUENCER.idFromName(`test ${made++}`))
})

const event = (id: number): OutboxEvent => ({
  id,
  ...identityEvent('did:web:a.test', `n${id}.test`),
})
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => event(from + index))

const commit = (did: string, id: number): OutboxEvent => ({
  id,
  ...syncEvent(did, `3l2s5poxi4${id}`, new Uint8Array(100)),
  kind: '#commit',
})

const listen = (cursor?: string | number) => listenTo(sequencer, cursor)

const state: SourceState = { head: new Uint8Array(36), rev: '3l2s5poxi422p', status: 'active' }

const append = (did: string, events: OutboxEvent[]) => sequencer.append(did, events, state)

const seqs = ({ received }: Consumer) => received.map(({ body }) => body.seq)
const HOUR = 60 * 60 * 1000
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

test('events are numbered from the first number on and repeats are dropped', async () => {
  await append('did:web:a.test', events(1, 3))
  await append('did:web:a.test', events(2, 4))
  await append('did:web:b.test', events(1, 1))
  await append('did:web:b.test', events(1, 1))
  expect(await sequencer.status()).toMatchObject({ head: 5 })
})

test('without a cursor a consumer gets what happens from now on', async () => {
  await append('did:web:a.test', events(1, 3))
  const consumer = await listen()
  await append('did:web:a.test', events(4, 5))
  await consumer.until(() => consumer.received.length === 2)
  expect(seqs(consumer)).toEqual([4, 5])
})

test('a backlog of many pages is sent whole, and then goes over into live events', async () => {
  for (let from = 1; from <= 1000; from += 100) {
    await append('did:web:a.test', events(from, from + 99))
  }
  const consumer = await listen(0)
  // Written while the consumer is still catching up.
  for (let id = 1001; id <= 1050; id++) await append('did:web:a.test', [event(id)])
  await consumer.until(() => consumer.received.length >= 1050)
  expect(seqs(consumer)).toEqual(upTo(1050))
})

test('a cursor is exclusive, and the newest one is not in the future', async () => {
  await append('did:web:a.test', events(1, 3))
  const consumer = await listen(3)
  await append('did:web:a.test', events(4, 4))
  await consumer.until(() => consumer.received.length === 1)
  expect(seqs(consumer)).toEqual([4])
})

test('the next event is numbered above what relays know, also after a restart, and consumers go on', async () => {
  await append('did:web:a.test', events(1, 2))
  const consumer = await listen(0)
  await consumer.until(() => consumer.received.length === 2)
  expect(await sequencer.raiseSequence(5_000)).toBe(true)
  expect(await sequencer.raiseSequence(4_000)).toBe(true)
  await evictDurableObject(sequencer)
  expect(await sequencer.status()).toMatchObject({ head: 2 })
  const late = await listen(1)
  await append('did:web:a.test', events(3, 4))
  await append('did:web:b.test', events(1, 1))
  await late.until(() => late.received.length === 4)
  expect(seqs(late)).toEqual([2, 5_001, 5_002, 5_003])
  expect(await sequencer.cursorBefore(3)).toBe(5_000)
  expect(await sequencer.cursorBefore(4)).toBe(1)
  expect(await sequencer.cursorBefore(100)).toBe(0)
})

test.each([Number.MAX_SAFE_INTEGER, Date.now() * 1000 + 3_600e6, 1.5, Number.NaN])(
  'numbers are not raised to %d, which is in the future or no number',
  async (above) => {
    expect(await sequencer.raiseSequence(above)).toBe(false)
    await append('did:web:a.test', events(1, 1))
    expect(await sequencer.status()).toMatchObject({ head: 1 })
  },
)

test('a number that is in the future by the clock of the sequencer is raised as far as it goes', async () => {
  const before = Date.now() * 1000
  const later = before + 3_600e6
  expect(await sequencer.raiseSequence(later, 'as far as it goes')).toBe(true)
  expect(await sequencer.raiseSequence(Number.NaN, 'as far as it goes')).toBe(false)
  await append('did:web:a.test', events(1, 1))
  const { head } = await sequencer.status()
  expect(head).toBeGreaterThan(before)
  expect(head).toBeLessThan(later)
})

test('a cursor in the future is refused', async () => {
  const consumer = await listen(1)
  expect(await consumer.closed).toBe(1008)
  expect(consumer.received).toMatchObject([{ type: 'error', body: { error: 'FutureCursor' } }])
})

test('a cursor that is no number is refused on the socket', async () => {
  const response = await send('/xrpc/com.atproto.sync.subscribeRepos?cursor=x', {
    headers: { upgrade: 'websocket' },
  })
  if (!response.webSocket) throw new Error('no socket')
  const { closed, received } = collect(response.webSocket)
  expect(await closed).toBe(1008)
  expect(received).toMatchObject([{ type: 'error', body: { error: 'InvalidRequest' } }])
})

test('a consumer older than the log is told so and gets the rest', async () => {
  await append('did:web:a.test', events(1, 3))
  await append('did:web:a.test', events(4, 5))
  await runInDurableObject(sequencer, (_, { storage }) => {
    storage.sql.exec('UPDATE event SET time = 0 WHERE seq <= 3')
    new Retention(storage.sql, { time: 0, size: 1e9 }).step(1)
  })
  await evictDurableObject(sequencer)
  const consumer = await listen(1)
  await consumer.until(() => consumer.received.length === 3)
  expect(consumer.received[0]).toMatchObject({ type: '#info', body: { name: 'OutdatedCursor' } })
  expect(seqs(consumer).slice(1)).toEqual([4, 5])
})

test('numbers go on after everything old was removed', async () => {
  await append('did:web:a.test', events(1, 5))
  await runInDurableObject(sequencer, (_, { storage }) => {
    new Retention(storage.sql, { time: 0, size: 1e9 }).step(Date.now() + 1)
  })
  await evictDurableObject(sequencer)
  await append('did:web:a.test', events(6, 6))
  expect(await sequencer.status()).toMatchObject({ head: 6 })
})

test('a consumer stays connected while the object hibernates, and misses nothing', async () => {
  const consumer = await listen()
  await append('did:web:a.test', events(1, 2))
  await consumer.until(() => consumer.received.length === 2)
  await evictDurableObject(sequencer)
  await append('did:web:a.test', events(3, 4))
  await consumer.until(() => consumer.received.length === 4)
  expect(seqs(consumer)).toEqual([1, 2, 3, 4])
})

test('live events reach each consumer once, however often the object hibernates between them', async () => {
  const consumers = await Promise.all([listen(), listen(), listen(0)])
  for (let id = 1; id <= 8; id++) {
    await append('did:web:a.test', [event(id)])
    if (id % 2) await evictDurableObject(sequencer)
  }
  const late = await listen(4)
  await late.until(() => late.received.length === 4)
  for (const consumer of consumers) {
    await consumer.until(() => consumer.received.length === 8)
    expect(seqs(consumer)).toEqual(upTo(8))
  }
  expect(seqs(late)).toEqual([5, 6, 7, 8])
})

test('a consumer that hibernates while it catches up goes on where it was', async () => {
  await append('did:web:a.test', events(1, 700))
  const consumer = await listen(0)
  await consumer.until(() => consumer.received.length >= 200)
  await evictDurableObject(sequencer)
  await append('did:web:a.test', events(701, 705))
  await consumer.until(() => consumer.received.length >= 705)
  expect(seqs(consumer)).toEqual(upTo(705))
})

test('who joins and leaves is counted', async () => {
  const one = await listen()
  const two = await listen(0)
  expect(await sequencer.status()).toMatchObject({ consumers: 2, behind: 0 })
  one.socket.close(1000)
  await one.closed
  expect(await sequencer.status()).toMatchObject({ consumers: 1 })
  two.socket.close()
  await two.closed
  expect(await sequencer.status()).toMatchObject({ consumers: 0 })
})

test('a consumer that may have too much unread is told so, and goes on from its cursor', async () => {
  const blocks = new Uint8Array(1_900_000)
  const count = 30
  for (let id = 1; id <= count; id++) {
    await append('did:web:a.test', [
      { id, ...syncEvent('did:web:a.test', '3l2s5poxi422p', blocks) },
    ])
  }
  const first = await listen(0)
  expect(await first.closed).toBe(1008)
  expect(first.received.at(-1)).toMatchObject({ type: 'error', body: { error: 'ConsumerTooSlow' } })
  const got = first.received.length - 1
  expect(got).toBeGreaterThan(15)
  const second = await listen(got)
  await second.until(() => second.received.length === count - got)
  expect([...seqs(first).slice(0, -1), ...seqs(second)]).toEqual(upTo(count))
})

test('a live consumer that was sent as much is only asked to come again', async () => {
  const consumer = await listen()
  const blocks = new Uint8Array(1_900_000)
  const count = 30
  for (let id = 1; id <= count; id++) {
    await append('did:web:a.test', [
      { id, ...syncEvent('did:web:a.test', '3l2s5poxi422p', blocks) },
    ])
  }
  expect(await consumer.closed).toBe(1001)
  const got = consumer.received.length
  expect(seqs(consumer)).toEqual(upTo(got))
  const second = await listen(got)
  await second.until(() => second.received.length === count - got)
  expect([...seqs(consumer), ...seqs(second)]).toEqual(upTo(count))
})

test('events that are too old are removed when the alarm rings, and those that are not stay', async () => {
  await append('did:web:a.test', events(1, 5000))
  await runInDurableObject(sequencer, (_, { storage }) => {
    storage.sql.exec('UPDATE event SET time = 0 WHERE seq <= 4500') // Rows have 64 events.
  })
  expect(await runDurableObjectAlarm(sequencer)).toBe(true)
  const consumer = await listen(0)
  await consumer.until(() => consumer.received.length === 521)
  expect(consumer.received[0]).toMatchObject({ type: '#info', body: { name: 'OutdatedCursor' } })
  expect(seqs(consumer)[1]).toBe(4481)
  // The next look is when the oldest of those that are left is too old.
  const alarm = await runInDurableObject(sequencer, (_, { storage }) => storage.getAlarm())
  expect(alarm).toBeGreaterThan(Date.now() + 72 * 60 * 60 * 1000 - 60_000)
})

test('a log that is full loses its oldest events, and no more than it must', async () => {
  const count = 10_000
  for (let from = 1; from <= count; from += 1000) {
    await append('did:web:a.test', events(from, from + 999))
  }
  const kept = await runInDurableObject(sequencer, (_, { storage }) => {
    const { sql } = storage
    const sizes = () => ({
      n: storedEvents(sql).length,
      bytes: sql
        .exec<{ bytes: number }>(
          'SELECT sum(length(frame) + length(did) + length(entries)) AS bytes FROM event',
        )
        .one().bytes,
    })
    const { bytes } = sizes()
    const roomy = new Retention(sql, { time: HOUR, size: bytes + 1 })
    expect(roomy.due()).toBeGreaterThan(Date.now())
    expect(roomy.step(Date.now())).toBe(false)
    expect(sizes().n).toBe(count)
    const full = new Retention(sql, { time: HOUR, size: bytes / 2 })
    expect(full.due()).toBe(0)
    while (full.step(Date.now())) {}
    expect(full.due()).toBeGreaterThan(Date.now())
    expect(sizes().bytes).toBeLessThanOrEqual(bytes / 2)
    expect(sizes().bytes).toBeGreaterThan(bytes * 0.44)
    return sizes().n
  })
  await evictDurableObject(sequencer)
  const consumer = await listen(0)
  await consumer.until(() => consumer.received.length === kept + 1)
  expect(consumer.received[0]).toMatchObject({ type: '#info', body: { name: 'OutdatedCursor' } })
  expect(seqs(consumer).at(-1)).toBe(count)
})

test('all events of a deleted account go, but for the one that says so; others stay', async () => {
  const gone = 'did:web:gone.test'
  for (let from = 1; from <= 3000; from += 1000) {
    await append(gone, events(from, from + 999))
    await append('did:web:b.test', events(from, from + 1))
  }
  const farewell = { id: 3001, ...accountEvent(gone, false, 'deleted') }
  await sequencer.append(gone, [farewell], { head: null, rev: null, status: 'deleted' })
  await runDurableObjectAlarm(sequencer)
  const consumer = await listen(0)
  await consumer.until(() => consumer.received.length === 7)
  expect(consumer.received.map(({ body }) => body.did)).toEqual([
    ...Array(6).fill('did:web:a.test'),
    gone,
  ])
  expect(consumer.received.at(-1)).toMatchObject({ type: '#account', body: { status: 'deleted' } })
  // What comes again is still known.
  await sequencer.append(gone, [farewell], { head: null, rev: null, status: 'deleted' })
  expect(await sequencer.status()).toMatchObject({ head: 3007 })
})

test('what is overwritten of a deleted account goes as well', async () => {
  const gone = 'did:web:gone.test'
  await append(gone, events(1, 5))
  await append('did:web:b.test', events(1, 2))
  const kept = await runInDurableObject(sequencer, (_, { storage: { sql } }) => {
    schedulePurge(sql, gone, 8)
    const retention = new Retention(sql, { time: HOUR, size: 1e9 }, { overwrites: true })
    while (retention.step(Date.now())) {}
    return storedEvents(sql).map(({ did, event }) => ({ did, seq: event.seq }))
  })
  expect(kept).toEqual([6, 7].map((seq) => ({ seq, did: 'did:web:b.test' })))
})

test('accounts are listed page by page with their state as last told; deleted ones are not', async () => {
  const told: SourceState = {
    head: new Uint8Array(36).fill(7),
    rev: '3zzz',
    status: 'takendown',
  }
  for (const name of ['c', 'a', 'd', 'b']) await append(`did:web:${name}.test`, events(1, 2))
  await sequencer.append('did:web:b.test', [event(3)], told)
  await sequencer.append('did:web:c.test', [{ id: 3, ...accountEvent('did:web:c.test', false) }], {
    head: null,
    rev: null,
    status: 'deleted',
  })
  const first = await sequencer.listSources(2)
  expect(first).toEqual([
    { place: 2, did: 'did:web:a.test', state },
    { place: 3, did: 'did:web:d.test', state },
  ])
  expect(await sequencer.listSources(2, first[1]?.place)).toEqual([
    { place: 4, did: 'did:web:b.test', state: told },
  ])
})

test('a delivery costs one row for all events and one for the account', async () => {
  await append('did:web:a.test', events(1, 1))
  await sequencer.takeRows()
  await append('did:web:a.test', events(2, 2))
  expect(await sequencer.takeRows()).toMatchObject({ written: 2 })
  await append('did:web:a.test', events(3, 5))
  expect(await sequencer.takeRows()).toMatchObject({ written: 2 })
})

test('commits of several accounts that come one shortly after the other cost one row together, and one for each account', async () => {
  const dids = ['did:web:a.test', 'did:web:b.test']
  for (const did of dids) await append(did, events(1, 1))
  // All of them come in one turn of the object: none is later than what is gathered.
  const burst = (from: number) =>
    runInDurableObject(sequencer, (instance) =>
      Promise.all(
        dids.flatMap((did) =>
          [0, 1, 2, 3].map((step) =>
            instance.append(did, [commit(did, from + step)], state, [], {
              follows: step > 0 ? from + step - 1 : undefined,
            }),
          ),
        ),
      ),
    )
  // The first may come alone; numbers are reserved once.
  await burst(2)
  await sequencer.takeRows()
  await burst(6)
  // Eight events: the first alone, the others together.
  expect((await sequencer.takeRows()).written).toBeLessThanOrEqual(5)
  expect(await sequencer.status()).toMatchObject({ head: 18 })
})

test('a consumer that connects while commits that were sent wait to be stored gets each once, and no such number is in its future', async () => {
  const did = 'did:web:a.test'
  await append(did, events(1, 1))
  const live = await listen(1)
  const delivered: Promise<unknown>[] = []
  const late: Consumer[] = []
  for (let id = 2; id <= 20; id++) {
    delivered.push(
      Promise.resolve(sequencer.append(did, [commit(did, id)], state, [], { follows: id - 1 })),
    )
    await live.until(() => live.received.length === id - 1)
    late.push(await listen(id), await listen(id - 1), await listen(0), await listen())
  }
  await Promise.all(delivered)
  await append(did, events(21, 21))
  for (const [index, consumer] of late.entries()) {
    const id = 2 + Math.floor(index / 4)
    const from = [id, id - 1, 0, id][index % 4] ?? 0
    await consumer.until(() => consumer.received.at(-1)?.body.seq === 21)
    expect(seqs(consumer)).toEqual(upTo(21).filter((seq) => seq > from))
  }
})

test('a delivery that follows a lost one is refused', async () => {
  const did = 'did:web:a.test'
  await append(did, events(1, 1))
  const refusal = await runInDurableObject(sequencer, (instance) =>
    instance.append(did, [commit(did, 4)], state, [], { follows: 3 }).catch(String),
  )
  expect(refusal).toContain('GapError')
  await sequencer.append(
    did,
    [2, 3, 4].map((id) => commit(did, id)),
    state,
  )
  expect(await sequencer.status()).toMatchObject({ head: 4 })
})

test('a log from before states were kept is taken over', async () => {
  await append('did:web:a.test', events(1, 3))
  await runInDurableObject(sequencer, (_, { storage }) => {
    const { sql } = storage
    for (const table of [
      'event',
      'source',
      'source_collection',
      'source_count',
      'horizon',
      'purge',
      'farewell',
      'relay',
      'index_layout',
      'log_layout',
      'log_batch',
      'log_position',
      'purge_elsewhere',
      'job',
    ])
      sql.exec(`DROP TABLE ${table}`)
    sql.exec(migrations[0] ?? '')
    sql.exec('UPDATE schema_version SET version = 1')
    for (const seq of [4, 5]) {
      const frame = toFrame(event(seq), seq)
      sql.exec('INSERT INTO event VALUES (?, ?, ?, ?, ?)', seq, 'did:web:a.test', seq, 1, frame)
    }
  })
  await evictDurableObject(sequencer)
  expect(await sequencer.listSources(10)).toEqual([
    { place: 1, did: 'did:web:a.test', state: null },
  ])
  await append('did:web:a.test', events(5, 6))
  expect(await sequencer.status()).toMatchObject({ head: 6 })
  expect(await sequencer.listSources(10)).toEqual([{ place: 1, did: 'did:web:a.test', state }])
  const consumer = await listen(2)
  await consumer.until(() => consumer.received.length > 0)
  expect(consumer.received[0]).toMatchObject({ body: { name: 'OutdatedCursor' } })
})

test('a plain request to a subscription is told to use a WebSocket', async () => {
  const response = await send('/xrpc/com.atproto.sync.subscribeRepos')
  expect(response.status).toBe(400)
})

test('the operator sees who listens, and ends a connection', async () => {
  await append('did:web:a.test', events(1, 3))
  const response = await sequencer.fetch(
    'http://sequencer/?connection=c1&cursor=0&address=192.0.2.77',
    { headers: { upgrade: 'websocket' } },
  )
  if (!response.webSocket) throw new Error('no socket')
  const consumer = collect(response.webSocket)
  await consumer.until(() => consumer.received.length === 3)
  const before = Date.now()
  const [shown, ...others] = await sequencer.consumers()
  expect(others).toEqual([])
  expect(shown).toMatchObject({ id: 'c1', network: '192.0.2.0/24', cursor: 3, behind: 0 })
  expect(shown?.sent).toBeGreaterThan(0)
  expect(shown?.since).toBeLessThanOrEqual(before)
  // What is kept with a socket survives the object's sleep.
  await evictDurableObject(sequencer)
  expect(await sequencer.consumers()).toEqual([shown])
  expect(await sequencer.endConsumer('another')).toBe(false)
  expect(await sequencer.endConsumer('c1')).toBe(true)
  expect(await consumer.closed).toBe(1001)
  expect(await sequencer.consumers()).toEqual([])
})
