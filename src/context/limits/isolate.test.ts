import { afterEach, expect, test, vi } from 'vitest'
import { IsolateLimits } from './isolate.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const RULE = { limit: 100, window: 5 * MINUTE }
const EVERYTHING = { limit: 3_000, window: 5 * MINUTE }

test('whoever has used a limit up stays refused, however many others come once', () => {
  const limits = new IsolateLimits()
  for (let n = 0; n < 150; n++) limits.consume('busy', RULE)
  for (let n = 0; n < 60; n++) limits.consume('half way', RULE)
  for (let n = 0; n < 200_000; n++) limits.consume(`crowd ${n}`, EVERYTHING)
  expect(limits.consume('busy', RULE).exceeded).toBe(true)
  expect(limits.consume('half way', RULE).remaining).toBe(39)
  expect(limits.size).toBeLessThanOrEqual(50_000)
})

test('there are never more windows than so many, also when all of them are used up', () => {
  const limits = new IsolateLimits()
  const once = { limit: 1, window: MINUTE }
  for (let n = 0; n < 120_000; n++) limits.consume(`used up ${n}`, once)
  expect(limits.size).toBe(50_000)
})

test('windows that are over go first', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const limits = new IsolateLimits()
  for (let n = 0; n < 50_000; n++) limits.consume(`yesterday ${n}`, { limit: 1, window: MINUTE })
  vi.setSystemTime(Date.now() + MINUTE)
  for (let n = 0; n < 40_000; n++) limits.consume(`today ${n}`, EVERYTHING)
  for (let n = 0; n < 40_000; n += 100) {
    expect(limits.consume(`today ${n}`, EVERYTHING).remaining).toBe(2_998)
  }
})
