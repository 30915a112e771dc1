import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LogFrontClient } from '../../services/objects/stubs.ts'
import { syncEvent } from '../../storage/account/events.ts'
import { EventLog } from '../../storage/sequencer/log.ts'
import { Sources } from '../../storage/sequencer/sources.ts'
import { standIn } from '../../testing/stand-in.ts'
import { BatchSender } from './batch-sender.ts'

test('the next batch goes though the clock is put back', () =>
  runInDurableObject(env.SEQUENCER.get(env.SEQUENCER.idFromName('sender')), async (_, ctx) => {
    const log = new EventLog(ctx.storage, new Sources(ctx.storage.sql), 1)
    const taken: number[] = []
    const front = standIn<LogFrontClient>({
      position: async () => taken.length,
      take: async (_object, _after, { events }) => {
        taken.push(...events.map(({ event }) => event.seq))
        return taken.length
      },
    })
    const sender = new BatchSender({
      log,
      place: { layout: { generation: 1, shards: 2 }, shard: 0 },
      front: () => front,
      facts: () => ({ accounts: 1, tooMuchTo: 0 }),
    })
    const did = 'did:web:one.test'
    const write = async (id: number) => {
      const event = { id, ...syncEvent(did, '3l2s5poxi422p', new Uint8Array(10)) }
      sender.add(did, log.append(did, [event], { head: null, rev: null, status: 'active' }), true)
      await sender.flush()
    }
    await write(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    await write(2)
    expect(taken).toEqual([1, 2])
  }))
