/** A log that several objects share, from the account to consumers, lists and backups. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, test, vi } from 'vitest'
import { placesOf } from '../../kernel/log-shards.ts'
import { hostObjects, logShardStub, sequencerStub } from '../../services/objects/stubs.ts'
import type { SourceRow } from '../../storage/sequencer/sources.ts'
import { FaithfulConsumer, listen } from '../../testing/consumer.ts'
import { setLogShards } from '../../testing/log-shards.ts'
import { createAccount, expectWhole, write } from '../../testing/log-writers.ts'

const SHARDS = 3
const layout = { generation: 2, shards: SHARDS }

const front = () => sequencerStub(env)
const objects = hostObjects(env)
const acknowledged = new Map<string, string[]>()

/** Has each account write some records, all at once. */
const writeAll = (rounds: number) =>
  Promise.all(
    [...acknowledged].map(async ([did, revs]) => {
      for (let round = 0; round < rounds; round++) revs.push(await write(did))
    }),
  )

const sourcesIn = (stub: ReturnType<typeof logShardStub>) =>
  runInDurableObject(stub as never, (_, { storage }: DurableObjectState) =>
    storage.sql
      .exec<{ did: string }>('SELECT did FROM source')
      .toArray()
      .map(({ did }) => did),
  )

beforeAll(async () => {
  await setLogShards(SHARDS)
  for (let n = 0; n < 8; n++) acknowledged.set(await createAccount(), [])
})

test('writes of many accounts come in one order, live and from the log', async () => {
  const consumer = new FaithfulConsumer(front, 0)
  await writeAll(5)
  await expectWhole(consumer, acknowledged)
  const numbers = consumer.received.map(({ body }) => Number(body.seq))
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  const part = await listen(front(), numbers[9])
  await part.until(() => part.received.length === numbers.length - 10)
  expect(part.received).toEqual(consumer.received.slice(10))
  consumer.stop()
})

test('each object has some of the accounts, and the sequencer none', async () => {
  const own = await Promise.all(
    placesOf(layout).map((place) => sourcesIn(logShardStub(env, place))),
  )
  expect(own.flat().sort()).toEqual([...acknowledged.keys()].sort())
  for (const dids of own) expect(dids.length).toBeGreaterThan(0)
  expect(await sourcesIn(front())).toEqual([])
})

test('a consumer that has everything goes on after the sequencer slept, with the next event', async () => {
  const { head } = await front().status()
  const consumer = await listen(front(), head)
  await vi.waitUntil(async () => (await front().consumers()).some(({ cursor }) => cursor === head))
  await evictDurableObject(front() as never)
  const [did = ''] = acknowledged.keys()
  const rev = await write(did)
  await consumer.until(() => consumer.received.length > 0)
  expect(consumer.received).toMatchObject([{ body: { seq: head + 1, repo: did, rev } }])
  acknowledged.get(did)?.push(rev)
  expect(await front().status()).toMatchObject({ head: head + 1, behind: 0 })
  consumer.socket.close()
})

test('lists have all accounts, in pages of any size', async () => {
  const all = await front().listSources(1000)
  expect(all.map(({ did }) => did).sort()).toEqual([...acknowledged.keys()].sort())
  for (const { did, state } of all) {
    expect(state).toMatchObject({ rev: acknowledged.get(did)?.at(-1), status: 'active' })
  }
  for (const size of [1, 3]) {
    const paged: SourceRow[] = []
    for (let after = 0; ; after = paged.at(-1)?.place ?? 0) {
      const page = await front().listSources(size, after)
      if (page.length === 0) break
      paged.push(...page)
    }
    expect(paged).toEqual(all)
    const holders: string[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await front().listByCollection('com.example.note', size, after)
      expect(page.toAsk).toEqual([])
      holders.push(...page.dids)
      after = page.next
    }
    expect(holders).toEqual(all.map(({ did }) => did))
  }
})

test('what the operator is told comes from all objects', async () => {
  const { activity, status } = await vi.waitFor(async () => {
    const status = await front().status()
    expect(status.log).toMatchObject({
      shards: Array.from({ length: SHARDS }, () => ({
        waiting: 0,
        bytes: expect.any(Number),
        answers: true,
      })),
      changes: false,
    })
    return { activity: await front().activity(), status }
  })
  expect(activity.active).toEqual({ day: acknowledged.size, month: acknowledged.size })
  expect(activity.events.hour).toBeGreaterThan(acknowledged.size * 8)
  expect(status.accounts).toBe(acknowledged.size)
  const after = await front().cursorBefore(5)
  expect(after).toBe(status.head - 5)
})

test('a backup has the accounts of all objects', async () => {
  const text = await new Response(await front().dump()).text()
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { head } = await front().status()
  expect(lines[0]).toMatchObject({ object: 'sequencer', head })
  const rows = lines.flatMap(({ rows, columns }) =>
    columns ? rows.map((row: unknown[]) => row[columns.indexOf('did')]) : [],
  )
  expect(rows.sort()).toEqual([...acknowledged.keys()].sort())
  expect(lines.at(-1)).toEqual({ end: true, rows: rows.length })
})

test('whoever is taken down is listed so when that is acknowledged, and seen by no stream', async () => {
  const [did = ''] = acknowledged.keys()
  await objects.account(did).lifecycle.setTakedown('x')
  const listed = await front().listSources(1000)
  expect(listed.find((one) => one.did === did)?.state?.status).toBe('takendown')
  await objects.account(did).lifecycle.setTakedown(null)
})
