import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { DeliveryOptions } from '../../contracts/sequencer.ts'
import type { OutboxEvent } from '../../storage/account/events.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { type AccountParts, DID, waitingEvents, withAccount } from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { EventDelivery } from './event-delivery.ts'
import { removeDelivered } from './jobs.ts'
import type { LogDelivery } from './log-delivery.ts'

const STATE: SourceState = { head: null, rev: null, status: 'active' }

describe('the delivery of events', () => {
  function deliveryOf(
    { outbox, repo }: AccountParts,
    append: (...delivery: Parameters<LogDelivery['append']>) => void,
  ) {
    const log = standIn<LogDelivery>({
      async append(...delivery) {
        append(...delivery)
      },
    })
    return new EventDelivery({
      outbox,
      repo,
      log,
      did: () => DID,
      state: () => STATE,
    })
  }

  /** The same with a sequencer that answers when it likes. */
  function slowDeliveryOf(
    { outbox, repo }: AccountParts,
    append: (events: readonly OutboxEvent[], options: DeliveryOptions) => Promise<void>,
  ) {
    const log = standIn<LogDelivery>({
      append: (_did, events, _state, _collections, options) => append([...events], options),
    })
    return new EventDelivery({ outbox, repo, log, did: () => DID, state: () => STATE })
  }

  const announce = ({ store }: AccountParts, times: number) => {
    for (let i = 0; i < times; i++) store.tellIdentity()
  }

  test('goes on until there are no more, in order, with those that come meanwhile', () =>
    withAccount(async (parts) => {
      announce(parts, 2)
      const delivered: number[][] = []
      const job = deliveryOf(parts, (did, events, state) => {
        expect([did, state]).toEqual([DID, STATE])
        delivered.push(events.map(({ id }) => id))
        if (delivered.length === 1) announce(parts, 1)
      })
      await job.run()
      const [first = 0] = delivered[0] ?? []
      expect(delivered).toEqual([[first, first + 1], [first + 2]])
      expect(waitingEvents(parts)).toEqual([])
    }))

  test('that fails leaves the events to the next run', () =>
    withAccount(async (parts) => {
      announce(parts, 2)
      let broken = true
      const delivered: number[] = []
      const job = deliveryOf(parts, (_did, events) => {
        if (broken) throw new Error('the sequencer is down')
        delivered.push(events.length)
      })
      await expect(job.run()).rejects.toThrow('the sequencer is down')
      expect(job.due()).toBeLessThanOrEqual(Date.now())
      broken = false
      await job.run()
      expect(delivered).toEqual([2])
    }))

  test('is due as long as there are rows, which another job removes', () =>
    withAccount(async (parts) => {
      const job = deliveryOf(parts, () => undefined)
      const removal = removeDelivered(parts.outbox, parts.repo)
      expect([job.due(), removal.due?.()]).toEqual([undefined, undefined])
      announce(parts, 1)
      await job.run()
      expect(removal.due?.()).toBeLessThanOrEqual(Date.now())
      await removal.run()
      expect(parts.outbox.isEmpty()).toBe(true)
      expect([job.due(), removal.due?.()]).toEqual([undefined, undefined])
    }))

  test('keeps what was not delivered when rows of delivered events are removed', () =>
    withAccount(async (parts) => {
      announce(parts, 1)
      await deliveryOf(parts, () => undefined).run()
      announce(parts, 1)
      await removeDelivered(parts.outbox, parts.repo).run()
      expect(waitingEvents(parts)).toEqual(['#identity'])
      expect(parts.sql.exec('SELECT id FROM outbox').toArray()).toHaveLength(1)
    }))

  test('sends what comes while others are under way, says what that follows, and is done with what there is', () =>
    withAccount(async (parts) => {
      const answers: (() => void)[] = []
      const sent: { ids: number[]; follows: number | undefined }[] = []
      const job = slowDeliveryOf(parts, async (events, { follows }) => {
        sent.push({ ids: events.map(({ id }) => id), follows })
        await new Promise<void>((resolve) => answers.push(resolve))
      })
      announce(parts, 1)
      const run = job.run()
      await vi.waitUntil(() => sent.length === 1)
      announce(parts, 2)
      job.again()
      await vi.waitUntil(() => sent.length === 2)
      const [first = 0] = sent[0]?.ids ?? []
      expect(sent[1]).toEqual({ ids: [first + 1, first + 2], follows: first })
      let isSettled = false
      const settled = job.settled().then(() => {
        isSettled = true
      })
      announce(parts, 1)
      job.again()
      await vi.waitUntil(() => sent.length === 3)
      answers[0]?.()
      await vi.waitUntil(() => parts.outbox.peek(1e6)[0]?.id === first + 1)
      expect(isSettled).toBe(false)
      answers[1]?.()
      await settled
      expect(waitingEvents(parts)).toHaveLength(1)
      answers[2]?.()
      await run
      expect(waitingEvents(parts)).toEqual([])
    }))

  test('begins again with the oldest when one fails, which those behind it do not outrun', () =>
    withAccount(async (parts) => {
      const log: number[] = []
      let broken: number | undefined
      const refused: number[][] = []
      const job = slowDeliveryOf(parts, async (events, { follows }) => {
        const ids = events.map(({ id }) => id)
        await undefined
        const isBroken = broken !== undefined && ids.includes(broken)
        if (isBroken) broken = undefined
        if (isBroken || (follows !== undefined && (log.at(-1) ?? 0) < follows)) {
          refused.push(ids)
          throw new Error('the answer is lost')
        }
        log.push(...ids.filter((id) => id > (log.at(-1) ?? 0)))
      })
      announce(parts, 1)
      const [first = 0] = parts.outbox.peek(1e6).map(({ id }) => id)
      broken = first + 1
      const run = job.run()
      for (let count = 1; count < 5; count++) {
        await undefined
        announce(parts, 1)
        job.again()
      }
      await run
      expect(log).toEqual([0, 1, 2, 3, 4].map((step) => first + step))
      expect(refused.length).toBeGreaterThan(0)
      expect(waitingEvents(parts)).toEqual([])
    }))

  test('has no more than so many deliveries under way', () =>
    withAccount(async (parts) => {
      let underWay = 0
      let most = 0
      const answers: (() => void)[] = []
      const job = slowDeliveryOf(parts, async () => {
        most = Math.max(most, ++underWay)
        await new Promise<void>((resolve) => answers.push(resolve))
        underWay--
      })
      announce(parts, 1)
      const run = job.run()
      for (let count = 1; count <= 64; count++) {
        await vi.waitUntil(() => underWay === count)
        announce(parts, 1)
        job.again()
      }
      // One more would be sent now.
      await scheduler.wait(10)
      expect(most).toBe(64)
      const timer = setInterval(() => answers.shift()?.(), 0)
      await run
      clearInterval(timer)
      expect(waitingEvents(parts)).toEqual([])
    }))

  test('goes on though the clock is put back while several events are under way', () =>
    withAccount(async (parts) => {
      const answers: (() => void)[] = []
      const sent: number[] = []
      const job = slowDeliveryOf(parts, async (events) => {
        sent.push(events.length)
        await new Promise<void>((resolve) => answers.push(resolve))
      })
      announce(parts, 2)
      const run = job.run()
      await vi.waitUntil(() => sent.length === 1)
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
      onTestFinished(() => void vi.useRealTimers())
      announce(parts, 1)
      job.again()
      answers.shift()?.()
      await vi.waitUntil(() => sent.length === 2)
      answers.shift()?.()
      await run
      // The next run is not held up by the one before.
      announce(parts, 1)
      const next = job.run()
      await vi.waitUntil(() => sent.length === 3)
      answers.shift()?.()
      await next
      expect(waitingEvents(parts)).toEqual([])
    }))
})
