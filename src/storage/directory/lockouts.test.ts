import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { directoryStub } from '../../services/objects/stubs.ts'
import { Lockouts } from './lockouts.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

afterEach(() => {
  vi.useRealTimers()
})

test('a client that fails too often waits longer each time, also with the right secret', () =>
  runInDurableObject(directoryStub(env), (_, { storage }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const lockouts = new Lockouts(storage.sql)
    const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
    const wait = () => (lockouts.attempt('a', false) ?? Date.now()) - Date.now()
    for (let n = 0; n < 19; n++) lockouts.attempt('a', false)
    expect(lockouts.attempt('a', true)).toBeUndefined()
    for (let n = 0; n < 20; n++) expect(wait()).toBe(0)
    expect(wait()).toBe(MINUTE)
    expect(lockouts.attempt('a', true)).toBe(Date.now() + MINUTE)
    expect(lockouts.attempt('b', true)).toBeUndefined()
    const waits: number[] = []
    for (let n = 0; n < 12; n++) {
      later(wait())
      expect(wait()).toBe(0)
      waits.push(wait() / MINUTE)
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440])
    later(24 * HOUR)
    expect(lockouts.attempt('a', true)).toBeUndefined()
    for (let n = 0; n < 20; n++) expect(wait()).toBe(0)
    later(49 * HOUR)
    lockouts.attempt('b', false)
    expect(storage.sql.exec('SELECT key FROM lockout').toArray()).toEqual([{ key: 'b' }])
  }))
