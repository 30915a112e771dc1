import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { IdleTimeout } from './idle-timeout.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a timeout', () => {
  test.each([
    ['longer', 100, 300],
    ['shorter', 300, 100],
    ['same', 200, 200],
  ])(
    'with another limit that is %s is over when that has passed since, not before',
    (_, first, then) => {
      const timeout = new IdleTimeout(first)
      vi.advanceTimersByTime(50)
      timeout.restart(then)
      vi.advanceTimersByTime(then - 1)
      expect(timeout.isOver).toBe(false)
      vi.advanceTimersByTime(1)
      expect(timeout.isOver).toBe(true)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  test('waits on for as long as something happens', () => {
    const timeout = new IdleTimeout(100)
    for (let at = 0; at < 5; at += 1) {
      vi.advanceTimersByTime(90)
      timeout.progress()
    }
    vi.advanceTimersByTime(99)
    expect(timeout.isOver).toBe(false)
    vi.advanceTimersByTime(1)
    expect(timeout.isOver).toBe(true)
  })

  test('that was stopped leaves no timer, and is never over', () => {
    const timeout = new IdleTimeout(100)
    timeout.restart(500)
    timeout.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(timeout.isOver).toBe(false)
  })

  test('lasts no longer though the clock is put back', () => {
    const timeout = new IdleTimeout(100)
    vi.advanceTimersByTime(50)
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(50 + 100)
    expect(timeout.isOver).toBe(true)
  })
})
