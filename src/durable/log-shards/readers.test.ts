/** Who reads a log that several objects share, beside the firehose: the index, hooks, webhooks, and a project's own streams. */
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { StreamRequest } from '../../contracts/sequencer.ts'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { logPlaceOf } from '../../kernel/log-shards.ts'
import { type AnyLoggedRecord, useLogStreams } from '../../kernel/log-streams.ts'
import { hostObjects, sequencerStub } from '../../services/objects/stubs.ts'
import { addWebhook, removeWebhook } from '../../services/webhooks/webhooks.ts'
import { readerOf, useCollections } from '../../testing/collections.ts'
import { collect } from '../../testing/consumer.ts'
import { crashNow } from '../../testing/crash.ts'
import { setLogShards } from '../../testing/log-shards.ts'
import { createAccount } from '../../testing/log-writers.ts'

const NOTE = 'com.example.note'
const STREAM = 'com.example.watch'
const SHARDS = 3
/** Of each object. */
const ACCOUNTS = 2

const objects = hostObjects(env)
const front = () => sequencerStub(env)
const dids: string[] = []
/** What hooks were told, and webhooks were sent: `<account> <text>`. */
let told: string[]
let sent: string[]
let count = 0

/** Texts of one account, in the order in which they came. */
const of = (did: string, all: readonly string[]) =>
  all.filter((one) => one.startsWith(`${did} `)).map((one) => one.slice(did.length + 1))

beforeAll(async () => {
  await useCollections({
    [NOTE]: {
      index: { byNumber: ['n'] },
      afterWrite({ did, record }: { did: string; record?: { text: string } }) {
        told.push(`${did} ${record?.text}`)
      },
    } as never,
  })
  useLogStreams(async () => ({
    collections: [NOTE],
    message: ({ did, record }: AnyLoggedRecord) => ({ $type: '#note', did, ...(record as object) }),
  }))
  await setLogShards(SHARDS)
  const layout = { generation: 2, shards: SHARDS }
  const perShard = new Array<number>(SHARDS).fill(0)
  while (Math.min(...perShard) < ACCOUNTS) {
    const did = await createAccount()
    const { shard } = logPlaceOf(did, layout)
    perShard[shard] = (perShard[shard] ?? 0) + 1
    dids.push(did)
  }
})

beforeEach(() => {
  told = []
  sent = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
    const { did, record } = JSON.parse(String(init?.body))
    sent.push(`${did} ${record.text}`)
    return new Response()
  })
})
afterEach(() => vi.restoreAllMocks())

/** Has each account write a note. @returns their texts, by account */
async function writeAll(rounds: number): Promise<Map<string, string[]>> {
  const texts = new Map(dids.map((did) => [did, [] as string[]]))
  for (let round = 0; round < rounds; round++) {
    for (const did of dids) {
      const text = `note ${++count}`
      const block = encode({ $type: NOTE, n: count, text })
      const record = { cid: cidOf(block), block, blobs: [] }
      const writes = [{ action: 'create' as const, collection: NOTE, rkey: `k${count}`, record }]
      await objects.account(did).repository.write({ writes })
      texts.get(did)?.push(text)
    }
  }
  return texts
}

/** The texts that the index has of those numbers, in their order. */
async function indexed(from: number): Promise<string[]> {
  const page = await readerOf<'byNumber'>(NOTE).byNumber.page({
    where: { n: { from } },
    limit: 100,
  })
  return page.records.map(({ value }) => String(value.text))
}

async function watch(cursor?: number) {
  const stream: StreamRequest = { nsid: STREAM, protocol: 'xrpc.v0.cbor', params: '{}', info: true }
  const query = new URLSearchParams({ stream: JSON.stringify(stream) })
  if (cursor !== undefined) query.set('cursor', String(cursor))
  const { webSocket } = await front().fetch(`http://sequencer/?${query}`, {
    headers: { upgrade: 'websocket' },
  })
  if (!webSocket) throw new Error('no socket')
  return collect(webSocket)
}

/** What the sequencer has in memory of the log is gone: it is read from where it is. */
const forget = () => evictDurableObject(front() as never)

test('the index has the records of accounts of all objects, and their hooks are told in order', async () => {
  const first = count + 1
  const texts = await writeAll(2)
  const all = dids.length * 2
  await vi.waitFor(async () => expect(await indexed(first)).toHaveLength(all))
  await vi.waitFor(() => expect(told).toHaveLength(all))
  for (const did of dids) expect(of(did, told)).toEqual(texts.get(did))
})

test('an index that was told nothing while the sequencer crashed reads what it misses from all objects', async () => {
  const first = count + 1
  let isWriting = true
  const crashing = (async () => {
    while (isWriting) {
      await crashNow(front)
      await scheduler.wait(5)
    }
  })()
  const texts = await writeAll(3)
  isWriting = false
  await crashing
  const all = [...texts.values()].flat()
  await vi.waitFor(async () => expect((await indexed(first)).sort()).toEqual(all.toSorted()))
  await vi.waitFor(() => expect([...told].sort()).toHaveLength(all.length))
  for (const did of dids) expect(of(did, told)).toEqual(texts.get(did))
})

test('webhooks are sent what accounts of all objects write, in order, from the log as well', async () => {
  const url = 'https://app.example.com/xrpc/com.example.hook.take'
  const id = await addWebhook({ url, collections: [NOTE] }, objects, false)
  const live = await writeAll(1)
  await vi.waitFor(() => expect(sent).toHaveLength(dids.length))
  await objects.sequencer.tellOfEvents(false)
  const late = await writeAll(2)
  await forget()
  await objects.sequencer.tellOfEvents(true)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(() => expect(sent).toHaveLength(dids.length * 3))
  for (const did of dids) {
    expect(of(did, sent)).toEqual([...(live.get(did) ?? []), ...(late.get(did) ?? [])])
  }
  await removeWebhook(id, objects)
})

test('a stream of the log has the writes of accounts of all objects: live, after the sequencer slept, and from a cursor', async () => {
  const { head } = await front().status()
  const stream = await watch()
  await vi.waitUntil(async () => (await front().consumers()).some(({ behind }) => behind === 0))
  const written = await writeAll(1)
  await stream.until(() => stream.received.length === dids.length)
  await forget()
  for (const [did, texts] of await writeAll(2)) written.get(did)?.push(...texts)
  await stream.until(() => stream.received.length === dids.length * 3)
  await forget()
  const late = await watch(head)
  await late.until(() => late.received.length === dids.length * 3)
  expect(late.received).toEqual(stream.received)
  const texts = late.received.map(({ body }) => `${body.did} ${body.text}`)
  for (const did of dids) expect(of(did, texts)).toEqual(written.get(did))
})

test('a stream has nothing of whoever may not be seen, as the object says that has the account', async () => {
  const { head } = await front().status()
  await writeAll(1)
  const [gone = ''] = dids
  await objects.account(gone).lifecycle.setTakedown('x')
  await forget()
  const stream = await watch(head)
  await stream.until(() => stream.received.length === dids.length - 1)
  expect(stream.received.map(({ body }) => body.did).sort()).toEqual(dids.slice(1).sort())
  await objects.account(gone).lifecycle.setTakedown(null)
})
