import { expect, test, vi } from 'vitest'
import { standIn } from '../../testing/stand-in.ts'
import { Bursts } from './bursts.ts'

const MINUTE = 60_000

test('sign-ups that are refused are written down once a minute, and slowed all the same', () => {
  let now = 1_795_000_000_000
  let stored: unknown
  const put = vi.fn((_: string, value: unknown) => {
    stored = value
  })
  const kv = standIn<SyncKvStorage>({ get: <T>() => stored as T | undefined, put })
  const bursts = new Bursts(kv, () => now)
  const signUp = () => bursts.judge({ network: 'one', domain: '' }, 3)
  for (let n = 0; n < 4; n++) signUp()()
  expect(bursts.untold()).toMatchObject({ count: 3 })
  put.mockClear()
  for (let second = 0; second < 5 * 60; second++) {
    now += 1000
    expect(signUp).toThrow('try again')
  }
  expect(put).toHaveBeenCalledTimes(5)
  expect(bursts.view().episode?.last).toBeGreaterThan(now - MINUTE)
})
