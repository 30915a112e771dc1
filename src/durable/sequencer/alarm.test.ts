/** Appends set the sequencer's alarm also after it has rung. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { identityEvent } from '../../storage/account/events.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { SequencerObject } from '../sequencer.ts'

const START = Date.parse('2100-01-01T00:00:00Z')
const HOUR = 3_600_000
let made = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(START)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const active: SourceState = { head: new Uint8Array(36), rev: '3l2s5poxi422p', status: 'active' }
const event = (id: number) => ({ id, ...identityEvent('did:web:a.test', `n${id}.test`) })

test('relays are asked again when there are events an hour after they accepted', () =>
  runInDurableObject(
    env.SEQUENCER.get(env.SEQUENCER.idFromName(`alarm ${made++}`)),
    async (_, ctx) => {
      let asked = 0
      vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
        asked++
        return Response.json({})
      })
      const sequencer = new SequencerObject(ctx, {
        ...env,
        PDS_CRAWLERS: 'https://relay.test',
        PDS_HOSTNAME: 'pds.test',
      })
      await sequencer.append('did:web:a.test', [event(1), event(2)], active)
      expect(await ctx.storage.getAlarm()).toBe(START)
      await ctx.storage.deleteAlarm()
      await sequencer.alarm()
      expect(asked).toBe(1)
      vi.setSystemTime(START + HOUR)
      await sequencer.append('did:web:a.test', [event(3), event(4)], active)
      const alarm = await ctx.storage.getAlarm()
      await ctx.storage.deleteAlarm()
      expect(alarm).not.toBeNull()
      expect((alarm ?? 0) - START).toBeLessThanOrEqual(HOUR)
    },
  ))

test('events are removed also after there was nothing left to remove', () =>
  runInDurableObject(
    env.SEQUENCER.get(env.SEQUENCER.idFromName(`alarm ${made++}`)),
    async (_, ctx) => {
      const sequencer = new SequencerObject(ctx, env)
      await sequencer.append('did:web:a.test', [event(1)], active)
      await sequencer.append('did:web:a.test', [event(2)], active)
      const removal = (await ctx.storage.getAlarm()) ?? 0
      expect(removal).toBeGreaterThan(START)
      await ctx.storage.deleteAlarm()
      vi.setSystemTime(removal + 1)
      await sequencer.alarm()
      expect(ctx.storage.sql.exec('SELECT count(*) AS n FROM event').one().n).toBe(1)
      await sequencer.append('did:web:a.test', [event(3), event(4)], active)
      const alarm = await ctx.storage.getAlarm()
      await ctx.storage.deleteAlarm()
      expect(alarm).not.toBeNull()
    },
  ))
