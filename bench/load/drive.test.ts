import { expect, test } from 'vitest'
import { drive, interleave, stats } from './drive.ts'

/** Requests that take so long by their own account. */
const requests = (log: string[], name: string, amounts: () => number) => ({
  workload: {
    before: async () => void log.push(name),
    next: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return { amount: amounts(), ms: 5 }
    },
  },
})

test('servers take turns, and rounds are repeated until there are the most, where the ratio is not sure', async () => {
  const log: string[] = []
  let round = 0
  const steady = requests(log, 'a', () => 1)
  // Every second round gets a thousand times as much done.
  const unsteady = requests(log, 'b', () => (round % 2 ? 1000 : 1))
  const after = async () => {
    round += 1
  }
  const turn = { ...unsteady.workload, after }
  const pace = { seconds: 0.01, least: 2, most: 4, spread: 0.05 }
  const rounds = await interleave([steady, { workload: turn }], 1, pace, 'test')
  expect(log.join('')).toBe('ab'.repeat(5))
  expect(rounds.map(({ length }) => length)).toEqual([4, 4])
})

test('rounds end early where the ratio is sure', async () => {
  const pace = { seconds: 0.002, least: 2, most: 50, spread: 1e9 }
  const rounds = await interleave([requests([], 'a', () => 1)], 1, pace, 'test')
  expect(rounds.map(({ length }) => length)).toEqual([2])
})

test('a round counts what all connections got done, and ends when nothing is left to do', async () => {
  let left = 10
  const workload = { next: async () => (left-- > 0 ? 2 : undefined) }
  const { amount, latencies } = await drive({ workload }, 4, 60)
  expect(amount).toBe(20)
  expect(latencies).toHaveLength(10)
})

test('CPU is per request, and a dash where nobody knows it', async () => {
  let cpu = 0
  const one = requests([], 'a', () => 1)
  const round = await drive({ ...one, cpu: () => (cpu += 40) }, 1, 0.01)
  expect(stats([round]).cpu.value).toBeCloseTo(40 / round.latencies.length)
  expect(stats([await drive(one, 1, 0.01)]).cpu.value).toBeNaN()
})
