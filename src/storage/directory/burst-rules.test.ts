import { describe, expect, test } from 'vitest'
import { type BurstState, judgeSignUp, NO_SIGN_UPS } from './burst-rules.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = 1_795_000_000_000 - (1_795_000_000_000 % HOUR)

/** A host with a clock of its own; the limit is ten in an hour. */
function host() {
  let now = START
  let state: BurstState = NO_SIGN_UPS
  let begun = 0
  return {
    later(ms: number) {
      now += ms
    },
    /** How long whoever signs up has to wait, in ms. */
    signUp(domain = 'gmail.com', network = `${now}`): number {
      const verdict = judgeSignUp(state, { domain, network }, { now, minimum: 10 })
      const { episode } = verdict.state
      if (episode && episode.since !== state.episode?.since) begun++
      // As it is stored, and read back.
      state = JSON.parse(JSON.stringify(verdict.state)) as BurstState
      return verdict.retryAt === undefined ? 0 : verdict.retryAt - now
    },
    get begun() {
      return begun
    },
    get state() {
      return state
    },
  }
}

describe('sign-ups', () => {
  test('in a number that is usual are let in', () => {
    const { signUp, later, ...rest } = host()
    for (let n = 0; n < 100; n++) {
      expect(signUp()).toBe(0)
      later(6 * MINUTE)
    }
    expect(rest.begun).toBe(0)
  })

  test('beyond ten in an hour are slowed to ten in an hour, and the operator hears of it once', () => {
    const one = host()
    for (let n = 0; n < 10; n++) expect(one.signUp()).toBe(0)
    // The first too many still comes in, then each has to wait for a tenth of an hour.
    expect(one.signUp()).toBe(0)
    expect(one.signUp()).toBe(6 * MINUTE)
    let admitted = 0
    for (let minute = 0; minute < 240; minute++) {
      one.later(MINUTE)
      if (one.signUp() === 0) admitted++
    }
    expect(admitted).toBeGreaterThanOrEqual(40)
    expect(admitted).toBeLessThanOrEqual(44)
    expect(one.begun).toBe(1)
    expect(one.state.episode).toMatchObject({ count: 10, networks: 1, limit: 10, domain: null })
  })

  test('are let in again an hour after they were slowed last, and a second burst is told of anew', () => {
    const one = host()
    const burst = () => Array.from({ length: 12 }, () => one.signUp())
    expect(burst().filter((wait) => wait > 0)).toHaveLength(1)
    one.later(HOUR + 1)
    expect(one.signUp()).toBe(0)
    expect(one.state.episode).toBeNull()
    burst()
    expect(one.begun).toBe(2)
  })

  test('of a host that grows are held against five times its weekly mean', () => {
    const one = host()
    // Eight an hour, for a week.
    for (let n = 0; n < 8 * 24 * 7; n++) {
      expect(one.signUp()).toBe(0)
      one.later(7.5 * MINUTE)
    }
    one.later(HOUR)
    const waits = Array.from({ length: 60 }, () => one.signUp())
    const first = waits.findIndex((wait) => wait > 0)
    expect(first).toBeGreaterThanOrEqual(39)
    expect(first).toBeLessThanOrEqual(42)
  })

  test('with addresses at one domain are a burst at half as many, others go on', () => {
    const one = host()
    for (let n = 0; n < 6; n++) one.signUp('odd.example', `net${n % 3}`)
    expect(one.begun).toBe(1)
    expect(one.state.episode).toMatchObject({ domain: 'odd.example', count: 5, networks: 3 })
    expect(one.signUp('odd.example')).toBeGreaterThan(0)
    expect(one.signUp('gmail.com')).toBe(0)
    expect(one.signUp('other.example')).toBe(0)
  })

  test('are kept in a bounded state, whatever comes', () => {
    const one = host()
    for (let n = 0; n < 3000; n++) {
      one.signUp(`${'x'.repeat(300)}${n}.example`, 'q1w2e3r4t5y6u7i8o9p0as')
      one.later(n % 7 === 0 ? HOUR / 3 : 200)
    }
    expect(JSON.stringify(one.state).length).toBeLessThan(64 * 1024)
    expect(one.state.hours.length).toBeLessThanOrEqual(168)
  })
})
