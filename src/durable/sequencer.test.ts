import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Frame, type MessageFrame } from '@atproto/xrpc-server'
import { beforeEach, expect, test } from 'vitest'
import { identityEvent, type OutboxEvent } from '../storage/account/events.ts'
import { Retention } from '../storage/sequencer/retention.ts'
import type { SourceState } from '../storage/sequencer/sources.ts'
import { send } from '../testing/host.ts'
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

interface Consumer {
  received: { type: string; body: Record<string, unknown> }[]
  socket: WebSocket
  closed: Promise<number>
  until(done: () => boolean): Promise<void>
}

async function listen(cursor?: string | number): Promise<Consumer> {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`
  const response = await sequencer.fetch(`http://sequencer/${query}`, {
    headers: { upgrade: 'websocket' },
  })
  const socket = response.webSocket
  if (!socket) throw new Error('no socket')
  socket.binaryType = 'arraybuffer'
  const received: Consumer['received'] = []
  let changed = () => {}
  socket.addEventListener('message', ({ data }) => {
    const frame = Frame.fromBytes(new Uint8Array(data as ArrayBuffer))
    const type = frame.isMessage() ? ((frame as MessageFrame).type ?? '') : 'error'
    received.push({ type, body: frame.body as Record<string, unknown> })
    changed()
  })
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.accept()
  return {
    received,
    socket,
    closed,
    async until(done) {
      while (!done()) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
  }
}

const state: SourceState = { head: new Uint8Array(36), rev: '3l2s5poxi422p', status: 'active' }

const append = (did: string, events: OutboxEvent[]) => sequencer.append(did, events, state)

const seqs = ({ received }: Consumer) => received.map(({ body }) => body.seq)
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

test('events are numbered from 1 and repeats are dropped', async () => {
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

test('a cursor in the future is refused', async () => {
  const consumer = await listen(1)
  expect(await consumer.closed).toBe(1008)
  expect(consumer.received).toMatchObject([{ type: 'error', body: { error: 'FutureCursor' } }])
})

test('a cursor that is no number is refused on the socket', async () => {
  const response = await send('/xrpc/com.atproto.sync.subscribeRepos?cursor=x', {
    headers: { upgrade: 'websocket' },
  })
  const socket = response.webSocket
  if (!socket) throw new Error('no socket')
  socket.binaryType = 'arraybuffer'
  const frame = new Promise<Frame>((resolve) => {
    socket.addEventListener('message', ({ data }) =>
      resolve(Frame.fromBytes(new Uint8Array(data as ArrayBuffer))),
    )
  })
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.accept()
  expect((await frame).body).toMatchObject({ error: 'InvalidRequest' })
  expect(await closed).toBe(1008)
})

test('a consumer older than the log is told so and gets the rest', async () => {
  await append('did:web:a.test', events(1, 5))
  await runInDurableObject(sequencer, (_, { storage }) => {
    storage.sql.exec('UPDATE event SET time = 0 WHERE seq <= 3')
    new Retention(storage.sql, 0).step(1)
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
    new Retention(storage.sql, 0).step(Date.now() + 1)
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

test('a plain request to a subscription is told to use a WebSocket', async () => {
  const response = await send('/xrpc/com.atproto.sync.subscribeRepos')
  expect(response.status).toBe(400)
})
