import fc from 'fast-check'
import { expect, test } from 'vitest'
import { figure, median, ratio } from './spread.ts'

test('the median is the middle, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('the spread of few rounds is that between the least and the largest', () => {
  expect(figure([90, 100, 120])).toEqual({ value: 100, spread: 0.15, rounds: 3 })
})

test('with more rounds the outermost do not count any more', () => {
  const rounds = [1, 96, 97, 99, 100, 101, 103, 104, 1000]
  // Of nine, the second from either end: 2 × (1 + 9) / 2^9 is 3.9 %.
  expect(figure(rounds)).toEqual({ value: 100, spread: 0.04, rounds: 9 })
})

test('one round says nothing about the spread, and what is not a number is no round', () => {
  expect(figure([5]).spread).toBeNaN()
  expect(figure([5, Number.NaN, 5])).toEqual({ value: 5, spread: 0, rounds: 2 })
})

test('the interval holds the true median in about 95 % of all runs, and in no fewer', () => {
  let seed = 7
  const next = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return seed / 0x7fffffff
  }
  const RUNS = 4000
  for (const rounds of [6, 10, 15]) {
    let held = 0
    for (let run = 0; run < RUNS; run += 1) {
      // Far from even, as times are: its median is 1/4.
      const { value, spread } = figure(Array.from({ length: rounds }, () => next() ** 2))
      // The interval is not around the median; it is at most twice its half on one side.
      if (Math.abs(value - 0.25) <= 2 * spread * value) held += 1
    }
    expect(held / RUNS, `${rounds} rounds`).toBeGreaterThan(0.95)
  }
})

test('a ratio is taken round by round, so that noise which meets both is none', () => {
  const noise = fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { minLength: 2 })
  fc.assert(
    fc.property(noise, (factors) => {
      const { value, spread } = ratio(
        factors.map((factor) => 600 * factor),
        factors.map((factor) => 200 * factor),
      )
      expect(value).toBeCloseTo(3)
      expect(spread).toBeCloseTo(0)
    }),
  )
})
