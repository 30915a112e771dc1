/**
 * Random histories of some accounts whose log is divided anew on the way, among more objects and among fewer, with crashes of
 * accounts, objects that keep events, and the sequencer. Seeded: what is tried is the same each time.
 */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { cidString } from '../../kernel/cbor/cid.ts'
import { logPlaceOf, placesOf } from '../../kernel/log-shards.ts'
import {
  accountStub,
  hostObjects,
  logShardStub,
  sequencerStub,
} from '../../services/objects/stubs.ts'
import { FaithfulConsumer } from '../../testing/consumer.ts'
import { crashAfterStatement, crashNow } from '../../testing/crash.ts'
import { beginLogShards, untilLogShards } from '../../testing/log-shards.ts'
import { createAccount, expectNumbers, write } from '../../testing/log-writers.ts'
import { randomFrom } from '../../testing/random.ts'
import { withoutRepeats } from '../../testing/repeats.ts'

const LONG = (env as { CUMULUS_LONG?: string }).CUMULUS_LONG !== undefined
/** Seeds, and among how many objects the log is divided on the way. */
const HISTORIES: [seed: number, shards: number[]][] = [
  [1, [2, 4]],
  [2, [3, 2, 1, 4]],
  ...(LONG
    ? Array.from({ length: 12 }, (_, n): [number, number[]] => [10 + n, [4, 1, 3, 2, 5]])
    : []),
]
const ROUNDS = 160
const ACCOUNTS = 5

const front = () => sequencerStub(env)
const objects = hostObjects(env)

/** The sequencer may be crashing. */
const again = <T>(ask: () => Promise<T>): Promise<T> => vi.waitFor(ask, { interval: 20 })

test.each(HISTORIES)(
  'consumers and lists miss nothing, whatever happens (%i, divided %j)',
  async (seed, divisions) => {
    const random = randomFrom(seed)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const consumer = new FaithfulConsumer(front, 0)
    const dids: string[] = []
    for (let n = 0; n < ACCOUNTS; n++) dids.push(await createAccount())
    const acknowledged = new Map<string, string[]>(dids.map((did) => [did, []]))
    let wanted = 1
    let crashes = 0

    async function crash(did: string): Promise<void> {
      crashes++
      const layouts = await again(() => objects.logFront.layouts())
      const { generation, shards } = pick(layouts)
      const shard = () => logShardStub(env, logPlaceOf(did, { generation, shards }))
      const stub = pick([front, shard, shard, () => accountStub(env, did)])
      if (random() < 0.3) await crashNow(stub as never)
      else await crashAfterStatement(stub as never, pick([1, 2, 3, 4, 5, 8, 12]))
    }

    for (let round = 0; round < ROUNDS; round++) {
      const next = divisions[Math.floor((round * (divisions.length + 1)) / ROUNDS) - 1]
      if (next !== undefined && next !== wanted) {
        wanted = next
        await beginLogShards(next)
      }
      const did = pick(dids)
      const chance = random()
      if (chance < 0.25) await crash(did)
      const account = objects.account(did)
      try {
        if (chance < 0.9) acknowledged.get(did)?.push(await write(did))
        else if (chance < 0.94) await account.lifecycle.deactivate(null)
        else if (chance < 0.97) await account.lifecycle.activate()
        else dids.push(await createAccount())
      } catch {
        // Not acknowledged, or refused as the account is deactivated.
      }
      if (!acknowledged.has(did)) acknowledged.set(did, [])
      // Some follow each other at once, others have arrived before the next.
      if (random() < 0.3) await scheduler.wait(pick([1, 10, 30]))
    }
    expect(crashes).toBeGreaterThan(10)

    await untilLogShards(wanted)
    await again(async () => {
      const layouts = await objects.logFront.layouts()
      const shards = layouts.flatMap((layout) =>
        placesOf(layout).map((place) => logShardStub(env, place)),
      )
      // What a crash has put off for some seconds.
      for (const stub of [...dids.map((did) => accountStub(env, did)), ...shards]) {
        await runDurableObjectAlarm(stub as never)
      }
      const waiting = dids.map((did) =>
        runInDurableObject(accountStub(env, did) as never, (_, { storage }: DurableObjectState) =>
          storage.sql.exec('SELECT id FROM outbox').toArray(),
        ),
      )
      expect((await Promise.all(waiting)).flat()).toEqual([])
      const states = await objects.logFront.states()
      expect(states.reduce((sum, one) => sum + one.waiting, 0)).toBe(0)
    })
    await expectNumbers(consumer, await front().status())
    for (const did of dids) {
      const { once } = withoutRepeats(consumer.received)
      const events = once.filter(({ body }) => (body.repo ?? body.did) === did)
      const commits = events.filter(({ type }) => type === '#commit')
      const revs = commits.map(({ body }) => body.rev)
      expect(commits.map(({ body }) => body.since)).toEqual([null, ...revs.slice(0, -1)])
      expect(revs).toEqual(expect.arrayContaining(acknowledged.get(did) ?? []))
      const { rev } = await objects.account(did).repository.status()
      expect(revs.at(-1)).toBe(rev)
    }
    consumer.stop()
    await expectListed(dids)
  },
  60_000,
)

/** The list of all accounts, in pages, has each once, as it is. */
async function expectListed(dids: readonly string[]): Promise<void> {
  const listed = new Map<string, string>()
  let count = 0
  for (let after = 0; ; ) {
    const page = await front().listSources(3, after)
    for (const { did, state } of page) {
      listed.set(did, `${state?.rev} ${state?.head && cidString(state.head)} ${state?.status}`)
    }
    count += page.length
    const last = page.at(-1)
    if (!last) break
    after = last.place
  }
  expect(count).toBe(listed.size)
  for (const did of dids) {
    const { rev, head, status } = await objects.account(did).repository.status()
    expect(listed.get(did)).toBe(`${rev} ${head} ${status}`)
  }
  const inCollection = await front().listByCollection('com.example.note', 1000)
  for (const did of inCollection.dids) expect(listed.get(did)).toMatch(/ active$/)
  expect((await front().status()).accounts).toBe(listed.size)
}
