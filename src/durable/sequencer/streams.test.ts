/** Consumers of streams that a project has made of the log, beside those of the firehose. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import type { StreamRequest } from '../../contracts/sequencer.ts'
import { useLogStreams } from '../../kernel/log-streams.ts'
import { accountEvent, type OutboxEvent } from '../../storage/account/events.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { collect, listen } from '../../testing/consumer.ts'
import { send } from '../../testing/host.ts'
import { SequencerObject } from '../sequencer.ts'

const DID = 'did:web:a.test'
const state: SourceState = { head: null, rev: null, status: 'active' }
const event = (id: number): OutboxEvent => ({ id, ...accountEvent(DID, true) })

const request = { protocol: 'xrpc.v0.cbor', params: '{}', info: true } as const

let made = 0
/** Of a message. */
let size = 0
let id: DurableObjectId

beforeEach(async () => {
  size = 10
  await send('/xrpc/_health')
  useLogStreams(async (nsid) =>
    nsid === 'com.example.gone'
      ? undefined
      : {
          collections: [],
          message: () => undefined,
          account: ({ seq }) => ({ $type: '#account', seq, much: 'x'.repeat(size) }),
        },
  )
  id = env.SEQUENCER.idFromName(`streams ${made++}`)
})

const urlOf = (cursor?: number, nsid = 'com.example.watch', more: object = {}) => {
  const stream: StreamRequest = { nsid, ...request }
  const query = new URLSearchParams({ stream: JSON.stringify(stream), ...more })
  if (cursor !== undefined) query.set('cursor', String(cursor))
  return `http://sequencer/?${query}`
}

async function watch(sequencer: Pick<SequencerObject, 'fetch'>, ...url: Parameters<typeof urlOf>) {
  const headers = { upgrade: 'websocket' }
  const { webSocket } = await sequencer.fetch(new Request(urlOf(...url), { headers }))
  if (!webSocket) throw new Error('no socket')
  return collect(webSocket)
}

const seqs = ({ received }: { received: { body: Record<string, unknown> }[] }) =>
  received.map(({ body }) => body.seq)

test('those who listen go on after the sequencer slept, with the next event', async () => {
  const sequencer = env.SEQUENCER.get(id)
  const stream = await watch(sequencer as never)
  await sequencer.append(DID, [event(1)], state)
  await evictDurableObject(sequencer)
  await sequencer.append(DID, [event(2)], state)
  await stream.until(() => stream.received.length === 2)
  expect(seqs(stream)).toEqual([1, 2])
  expect(await sequencer.consumers()).toMatchObject([{ stream: 'com.example.watch', behind: 0 }])
  expect(await sequencer.status()).toMatchObject({ consumers: 0 })
})

test('who listens to what a new release has not got is asked to come again', async () => {
  const sequencer = env.SEQUENCER.get(id)
  const stream = await watch(sequencer as never, undefined, 'com.example.gone')
  expect(await stream.closed).toBe(1001)
})

test('who asks for events that are gone is told so', async () => {
  const sequencer = env.SEQUENCER.get(id)
  await sequencer.append(DID, [event(1), event(2)], state)
  await runInDurableObject(sequencer, (_, { storage }) => {
    storage.sql.exec('UPDATE horizon SET pruned_to = 1')
  })
  await evictDurableObject(sequencer)
  const stream = await watch(sequencer as never, 0)
  await stream.until(() => stream.received.length === 2)
  expect(stream.received).toMatchObject([
    { type: '#info', body: { name: 'OutdatedCursor' } },
    { type: '#account', body: { seq: 2 } },
  ])
})

test('what is sent and not known to be read is bounded, and takes no room of the firehose', async () => {
  const sequencer = env.SEQUENCER.get(id)
  const count = 24
  size = 1_900_000
  const relay = await listen(sequencer)
  const events = Array.from({ length: count }, (_, index) => event(index + 1))
  await sequencer.append(DID, events, state)
  const first = await watch(sequencer as never, 0)
  expect(await first.closed).toBe(1008)
  expect(first.received.at(-1)).toMatchObject({ body: { error: 'ConsumerTooSlow' } })
  const got = first.received.length - 1
  expect(got).toBeGreaterThan(15)
  const second = await watch(sequencer as never, got)
  await second.until(() => second.received.length === count - got)
  expect(seqs(second)[0]).toBe(got + 1)
  await relay.until(() => relay.received.length === count)
  relay.socket.close()
  second.socket.close()
})

test('places are counted apart from those of the firehose', () =>
  runInDurableObject(env.SEQUENCER.get(id), async (_, ctx) => {
    const limits = { PDS_FIREHOSE_MAX_CONSUMERS: '2', PDS_FIREHOSE_MAX_CONSUMERS_PER_ADDRESS: '1' }
    const sequencer = new SequencerObject(ctx, { ...env, ...limits })
    const statusOf = async (url: string) => {
      const { webSocket, status } = await sequencer.fetch(new Request(url))
      if (webSocket) collect(webSocket)
      return status
    }
    const stream = (address: string) => statusOf(urlOf(undefined, undefined, { address }))
    const relay = (address: string) => statusOf(`http://sequencer/?address=${address}`)
    expect([await stream('a'), await stream('a'), await stream('b')]).toEqual([101, 429, 101])
    expect([await relay('a'), await relay('a'), await relay('b')]).toEqual([101, 429, 101])
    expect([await stream('c'), await relay('c')]).toEqual([429, 429])
  }))
