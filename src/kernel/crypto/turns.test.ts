import { expect, test } from 'vitest'
import { TooManyWaitingError, Turns } from './turns.ts'

test('a few work at once, some wait in order, more are refused', async () => {
  const turns = new Turns({ atOnce: 2, waiting: 3 })
  const begun: number[] = []
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
  const work = (n: number) =>
    turns.take(async () => {
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
  await Promise.resolve()
  expect(begun).toEqual([0, 1, 2])
  for (const gate of gates) gate.resolve()
  expect(await Promise.all(results)).toEqual(['failed', 1, 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
  expect(await work(5)).toBe(5)
})
