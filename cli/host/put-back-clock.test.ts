import { expect, onTestFinished, test } from 'vitest'
import { endIfClockIsPutBack, furthestAhead } from './put-back-clock.ts'

/** @param readings how far the clock is ahead, one look after the other */
async function watch(readings: readonly number[]) {
  const killed: unknown[] = []
  const over = new AbortController()
  onTestFinished(() => over.abort())
  let looks = 0
  const ahead = () => {
    const reading = readings[looks++]
    // After the last look there is nothing more to see.
    if (looks >= readings.length) over.abort()
    return reading ?? Number.NaN
  }
  const workerd = { kill: (by?: number | NodeJS.Signals) => killed.push(by) > 0 }
  const hasEnded = await endIfClockIsPutBack({ process: workerd }, over.signal, ahead, 1)
  return { hasEnded, killed, looks }
}

test.each([
  ['keeps its time', [5, 5, 5, 5]],
  ['is corrected a little, now and then', [5, -700, 5, -990, 4, -900]],
  ['is put ahead, as that of a machine that slept', [5, 3_600_005, 3_600_005, 3_599_500]],
])('a clock that %s ends nothing', async (_, readings) => {
  expect(await watch(readings)).toMatchObject({ hasEnded: false, killed: [] })
})

test.each([
  ['at once', [5, 5, -3_600_000, 5, 5]],
  ['bit by bit', [0, -600, -1_200, 5, 5]],
  ['to where it was before it was put ahead', [0, 60_000, 0, 5, 5]],
])('a clock that is put back %s ends workerd', async (_, readings) => {
  expect(await watch(readings)).toEqual({ hasEnded: true, killed: ['SIGKILL'], looks: 3 })
})

test('a clock that is corrected by a little each week is never behind by more than that', () => {
  const WEEK = 7 * 24 * 60 * 60 * 1000
  let furthest = 0
  for (let now = -300; now > -10_000; now -= 300) {
    furthest = furthestAhead(furthest, now, WEEK)
    expect(furthest - now).toBe(0)
  }
  // Within a minute it is the sum that timers wait for.
  expect(furthestAhead(furthestAhead(0, -600, 30_000), -1_200, 30_000) + 1_200).toBeGreaterThan(
    1_000,
  )
})
