import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { accountStub } from '../../services/objects/stubs.ts'
import { crashNow } from '../../testing/crash.ts'
import { Leases } from './leases.ts'
import { TooManyWaitingError } from './too-many-waiting.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a few work at once, some wait in order, more are refused', async () => {
  // Nobody is late, however long the machine takes.
  vi.spyOn(Date, 'now').mockReturnValue(Date.now())
  const leases = new Leases({ atOnce: 2, waiting: 3, deadline: 60_000 })
  const begun: number[] = []
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
  const work = (n: number) =>
    leases.take(async () => {
      begun.push(n)
      await gates[n]?.promise
      if (n === 0) throw new Error('failed')
      return n
    })
  const results = [0, 1, 2, 3, 4].map((n) => work(n).catch((error: Error) => error.message))
  await expect(work(5)).rejects.toThrow(TooManyWaitingError)
  expect(begun).toEqual([0, 1])
  gates[0]?.resolve()
  expect(await results[0]).toBe('failed')
  await vi.waitFor(() => expect(begun).toEqual([0, 1, 2]))
  for (const gate of gates) gate.resolve()
  expect(await Promise.all(results)).toEqual(['failed', 1, 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
  expect(await work(5)).toBe(5)
})

/** Has an object of its own take a lease and keep it. What comes of it is told by data, not by promises. */
function takeInObject(leases: Leases, name: string) {
  const stub = () => accountStub(env, name)
  const seen = { begun: false, taken: false }
  runInDurableObject(stub(), async () => {
    seen.begun = true
    await leases.take(() => {
      seen.taken = true
      return scheduler.wait(600_000)
    })
  }).catch(() => undefined)
  return { seen, reset: () => crashNow(stub) }
}

test('the lease of an object that is reset is free again after its deadline', async () => {
  const leases = new Leases({ atOnce: 1, waiting: 1, deadline: 300 })
  const holder = takeInObject(leases, 'did:web:holder.test')
  await vi.waitFor(() => expect(holder.seen.taken).toBe(true))
  await holder.reset()
  expect(await leases.take(async () => 'next')).toBe('next')
})

test('an object that is reset while it waits keeps nobody behind it waiting, nor its place for long', async () => {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
  const leases = new Leases({ atOnce: 1, waiting: 1, deadline: 60_000 })
  const gate = Promise.withResolvers<void>()
  const first = leases.take(() => gate.promise)
  const waiting = takeInObject(leases, 'did:web:waiting.test')
  await vi.waitFor(() => expect(waiting.seen.begun).toBe(true))
  await waiting.reset()
  await expect(leases.take(async () => 'too early')).rejects.toThrow(TooManyWaitingError)
  clock.mockReturnValue(Date.now() + 6_000)
  const next = leases.take(async () => 'next')
  gate.resolve()
  await first
  expect(await next).toBe('next')
  expect(waiting.seen.taken).toBe(false)
})
