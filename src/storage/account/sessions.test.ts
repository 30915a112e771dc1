import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { Sessions } from './sessions.ts'

const HOUR = 60 * 60 * 1000
let made = 0

/** Runs a test on a fresh, empty account. */
const withSessions = (work: (sessions: Sessions) => void): Promise<void> => {
  const id = env.ACCOUNTS.idFromName(`sessions ${made++}`)
  return runInDurableObject(env.ACCOUNTS.get(id), (_, { storage }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      work(new Sessions(storage.sql))
    } finally {
      vi.useRealTimers()
    }
  })
}

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const EXPIRED = expect.objectContaining({ name: 'ExpiredToken' })

test('a used token yields the same successor again for two hours, and then nothing', () =>
  withSessions((sessions) => {
    const { id } = sessions.open('com.atproto.access', null)
    const next = sessions.rotate(id)
    expect(next).toMatchObject({ scope: 'com.atproto.access' })
    later(HOUR)
    expect(sessions.rotate(id)).toEqual(next)
    later(HOUR + 1)
    expect(() => sessions.rotate(id)).toThrow(EXPIRED)
    expect(sessions.rotate(next.id).id).not.toBe(next.id)
  }))

test('signing out ends the token, those before it and those after it', () =>
  withSessions((sessions) => {
    const first = sessions.open('com.atproto.access', null)
    const second = sessions.rotate(first.id)
    const third = sessions.rotate(second.id)
    sessions.close(second.id)
    for (const { id } of [first, second, third]) expect(() => sessions.rotate(id)).toThrow(EXPIRED)
  }))

test('signing out of one session leaves the others alone', () =>
  withSessions((sessions) => {
    const one = sessions.open('com.atproto.access', null)
    const other = sessions.open('com.atproto.access', null)
    sessions.close(one.id)
    expect(() => sessions.rotate(one.id)).toThrow(EXPIRED)
    expect(sessions.rotate(other.id)).toBeDefined()
  }))

test('a session nobody refreshes lapses after 90 days', () =>
  withSessions((sessions) => {
    const { id } = sessions.open('com.atproto.access', null)
    later(90 * 24 * HOUR + 1)
    expect(() => sessions.rotate(id)).toThrow(EXPIRED)
  }))
