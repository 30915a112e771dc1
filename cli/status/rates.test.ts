import { expect, test } from 'vitest'
import type { LiveReport } from '../../src/contracts/host-report.ts'
import { bars, perSecond, ratesBetween } from './rates.ts'

const state = (now: number, head: number, totals?: LiveReport['totals']): LiveReport => ({
  now,
  firehose: { head, consumers: 0, behind: 0, relays: [], accounts: 1 },
  consumers: [],
  mails: { waiting: 0, failed: 0, dropped: 0 },
  totals,
  errors: [],
})
const totals = { requests: 10, failed: 1, writes: 4, events: 5, errors: 0, undelivered: 0 }

test('rates come from what was counted between two states', () => {
  const later = { ...totals, requests: 30, failed: 2, writes: 8, events: 15 }
  expect(ratesBetween(state(0, 100, totals), state(2000, 900_000, later))).toEqual({
    events: 5,
    requests: 10,
    failed: 0.5,
    writes: 2,
  })
})

test('where nobody counts, numbers of events tell', () => {
  expect(ratesBetween(state(0, 100), state(4000, 120))).toEqual({
    events: 5,
    requests: undefined,
    failed: undefined,
    writes: undefined,
  })
})

test('a host that was started anew, and the first state, have no rates', () => {
  expect(ratesBetween(undefined, state(0, 1))).toBeUndefined()
  const anew = { ...totals, requests: 1 }
  expect(ratesBetween(state(0, 1, totals), state(2000, 2, anew))).toBeUndefined()
  expect(ratesBetween(state(2000, 1), state(2000, 2))).toBeUndefined()
})

test('numbers are short, and bars as high as the highest', () => {
  expect([undefined, 0, 0.25, 12.4].map(perSecond)).toEqual(['-', '0/s', '0.3/s', '12/s'])
  expect(bars([0, 4, 8])).toBe('▁▅█')
  expect(bars([0, 0])).toBe('▁▁')
})
