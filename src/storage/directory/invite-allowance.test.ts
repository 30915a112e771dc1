import { describe, expect, test } from 'vitest'
import { earnedCodes, type RoutineCode } from './invite-schedule.ts'

const DAY = 24 * 60 * 60 * 1000
const EPOCH = Date.parse('2026-01-01T00:00:00Z')
const schedule = { interval: 7 * DAY, epoch: EPOCH }
const at = (day: number) => EPOCH + day * DAY

const codes = (count: number, open: boolean, day = 1): RoutineCode[] =>
  Array.from({ length: count }, () => ({ createdAt: new Date(at(day)).toISOString(), open }))

describe('an account earns one code per interval', () => {
  test.each([
    ['nothing before the first is over', 0, 6.99, 0],
    ['one after the first', 0, 7, 1],
    ['three after three', 0, 21, 3],
    ['counted from its making, not the epoch', 10, 16.9, 0],
    ['counted from the epoch, if that is later', -700, 14, 2],
  ])('%s', (_, made, now, expected) => {
    expect(earnedCodes([], at(made), schedule, at(now))).toBe(expected)
  })
})

test('codes that it has are not given again, used or not', () => {
  expect(earnedCodes(codes(2, true), at(0), schedule, at(21))).toBe(1)
  expect(earnedCodes(codes(2, false), at(0), schedule, at(21))).toBe(1)
  expect(earnedCodes(codes(3, false), at(0), schedule, at(21))).toBe(0)
})

test('codes from before the epoch do not count against what is earned since', () => {
  expect(earnedCodes(codes(3, false, -10), at(-100), schedule, at(21))).toBe(3)
})

test('there are never more than five open codes', () => {
  expect(earnedCodes([], at(0), schedule, at(700))).toBe(5)
  expect(earnedCodes(codes(4, true), at(0), schedule, at(700))).toBe(1)
  expect(earnedCodes(codes(6, true), at(0), schedule, at(700))).toBe(0)
  expect(earnedCodes(codes(20, false), at(0), schedule, at(700))).toBe(5)
})

test('an epoch in the future gives nothing', () => {
  expect(earnedCodes([], at(-100), schedule, at(-50))).toBe(0)
})
