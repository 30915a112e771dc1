/** How many events there are behind a cursor, where numbers leave some out. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { accountStub, sequencerStub } from '../../services/objects/stubs.ts'
import { listen } from '../../testing/consumer.ts'
import { setLogShards } from '../../testing/log-shards.ts'
import { createAccount, write } from '../../testing/log-writers.ts'
import { ring } from '../../testing/settle.ts'

const front = () => sequencerStub(env)

/** Numbers that are left out at once. */
const GAP = 5_000

const dids: string[] = []

/** Has each account write, and waits until all of that has numbers. */
async function writeAll(): Promise<void> {
  for (const did of dids) await ring(accountStub(env, did))
  const { head } = await front().status()
  const revs = await Promise.all(dids.map(write))
  expect(revs).toHaveLength(dids.length)
  await vi.waitFor(async () => expect((await numbersAfter(head)).length).toBe(dids.length))
}

async function leaveOut(): Promise<void> {
  const { head } = await front().status()
  expect(await front().raiseSequence(head + GAP)).toBe(true)
}

/** What a consumer gets that begins after a number. */
async function numbersAfter(cursor: number): Promise<number[]> {
  const { head } = await front().status()
  if (cursor >= head) return []
  const consumer = await listen(front(), cursor)
  await consumer.until(() => Number(consumer.received.at(-1)?.body.seq) >= head)
  consumer.socket.close()
  return consumer.received.map(({ body }) => Number(body.seq))
}

/** Looks at each number that there is, and at one in the middle of what was left out before it. */
async function expectCounts(): Promise<void> {
  const numbers = await numbersAfter(0)
  const before = numbers.map((seq) => seq - 1)
  const left = numbers.map((_, index) => numbers.length - index)
  expect(await front().countAfter([0, ...before])).toEqual([numbers.length, ...left])
  expect(await front().countAfter([numbers.at(-1) ?? 0])).toEqual([0])
  for (const [index, seq] of numbers.entries()) {
    const cursor = await front().cursorBefore(numbers.length - index)
    expect(numbers.filter((one) => one > cursor)).toEqual(numbers.slice(index))
    expect(cursor).toBeLessThan(seq)
  }
  expect(await front().cursorBefore(numbers.length + GAP)).toBeLessThan(numbers[0] ?? 0)
}

test('what a consumer is behind is a number of events, whatever numbers were left out', async () => {
  for (let n = 0; n < 3; n++) dids.push(await createAccount())
  await writeAll()
  await leaveOut()
  await writeAll()
  await expectCounts()
  await setLogShards(3)
  await leaveOut()
  await writeAll()
  await leaveOut()
  await writeAll()
  await expectCounts()
  await evictDurableObject(front() as never)
  await expectCounts()
})

test('batches of before events were counted are followed by those that are', async () => {
  const { head: before } = await front().status()
  await runInDurableObject(front() as never, (_, { storage }: DurableObjectState) =>
    storage.sql.exec('UPDATE log_batch SET events = NULL'),
  )
  await evictDurableObject(front() as never)
  await leaveOut()
  await writeAll()
  expect(await front().countAfter([before])).toEqual([dids.length])
})
