/** What the operator is told of a log while it is divided anew, and after. */
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { sequencerStub } from '../../services/objects/stubs.ts'
import { beginLogShards, untilLogShards } from '../../testing/log-shards.ts'
import { createAccount, write } from '../../testing/log-writers.ts'

const front = () => sequencerStub(env)
const WRITES = 3

test('the operator is told of the objects that there are now, and of the events of those that were before', async () => {
  const did = await createAccount()
  const made = await vi.waitFor(async () => {
    const { events } = await front().activity()
    expect(events.hour).toBeGreaterThan(0)
    return events.hour
  })
  const { head: before } = await front().status()
  let written = 0
  for (const shards of [2, 3, 1]) {
    await beginLogShards(shards)
    // Asked before the change is over: that answer must not stand for the one after it.
    const { log: early } = await front().status()
    expect(early?.shards.length).not.toBe(0)
    await untilLogShards(shards)
    const { log } = await front().status()
    expect(log?.shards).toHaveLength(shards)
    expect(log?.changes).toBe(false)
    for (let n = 0; n < WRITES; n++) await write(did)
    written += WRITES
    await vi.waitFor(async () => expect((await front().status()).head).toBe(before + written))
  }
  const { events, active } = await front().activity()
  expect(events).toEqual({ hour: made + written, day: made + written })
  expect(active).toEqual({ day: 1, month: 1 })
})
