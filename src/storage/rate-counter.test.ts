import { expect, onTestFinished, test, vi } from 'vitest'
import { withAccount } from '../testing/account-parts.ts'
import { RateCounter } from './rate-counter.ts'
import { countRows } from './sql.ts'

const rule = { limit: 2, window: 60_000 }

test('what is refused already is refused without being written; what others do is counted', () =>
  withAccount(async ({ sql }) => {
    const counted = countRows(sql)
    const counter = new RateCounter(counted.sql)
    const guess = (key: string) => {
      counted.take()
      const status = counter.consume([{ ...rule, key, points: 1 }])
      return {
        refused: status?.exceeded,
        left: status?.remaining,
        wrote: counted.take().written > 0,
      }
    }
    expect(['a', 'a', 'a', 'a', 'a'].map(guess)).toEqual([
      { refused: false, left: 1, wrote: true },
      { refused: false, left: 0, wrote: true },
      { refused: true, left: 0, wrote: true },
      { refused: true, left: 0, wrote: false },
      { refused: true, left: 0, wrote: false },
    ])
    expect(guess('b')).toEqual({ refused: false, left: 1, wrote: true })
  }))

test('nobody waits for longer than a window, though the clock is put back', () =>
  withAccount(({ sql }) => {
    const counter = new RateCounter(sql)
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const consume = () => counter.consume([{ ...rule, key: 'a', points: 1 }])?.remaining
    expect([consume(), consume(), consume()]).toEqual([1, 0, 0])
    vi.setSystemTime(Date.now() - 3_600_000)
    expect([consume(), consume(), consume()]).toEqual([1, 0, 0])
    expect(counter.exceeded([{ ...rule, key: 'a', points: 1 }])?.exceeded).toBe(true)
  }))
