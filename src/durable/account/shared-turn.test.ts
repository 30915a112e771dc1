import { afterEach, expect, test, vi } from 'vitest'
import { SharedTurn } from './shared-turn.ts'

afterEach(() => void vi.restoreAllMocks())

function at(time: number): void {
  vi.spyOn(Date, 'now').mockReturnValue(time)
}

test('a write that comes alone begins at once', () => {
  const turn = new SharedTurn()
  for (const time of [10, 20, 30]) {
    at(time)
    expect(turn.begin()).toBeUndefined()
  }
})

test('those that come right behind another begin together', async () => {
  const turn = new SharedTurn()
  at(10)
  expect(turn.begin()).toBeUndefined()
  const waiting = [turn.begin(), turn.begin(), turn.begin()]
  expect(waiting[0]).toBeInstanceOf(Promise)
  expect(new Set(waiting).size).toBe(1)
  await waiting[0]
})

test('where several began together the next one waits for others, and if none come the one after it does not', async () => {
  const turn = new SharedTurn()
  at(10)
  turn.begin()
  turn.begin()
  await turn.begin()
  at(20)
  const next = turn.begin()
  expect(next).toBeInstanceOf(Promise)
  await next
  at(30)
  expect(turn.begin()).toBeUndefined()
})
