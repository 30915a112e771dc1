import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LookupCache } from './lookup-cache.ts'

let now: number
let background: Promise<unknown>[]
let cache: LookupCache<string>

const waitUntil = (work: Promise<unknown>) => background.push(work)
const settled = () => Promise.all(background)

beforeEach(() => {
  now = 1_000_000
  background = []
  cache = new LookupCache<string>({
    lifetime: () => ({ fresh: 1_000, stale: 100_000 }),
    weigh: (text) => text.length,
    maxEntries: 3,
    maxWeight: 20,
    now: () => now,
  })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A source that counts how often it is asked and gives what it is told to. */
function source(...answers: (string | Error)[]) {
  let asked = 0
  return {
    get asked() {
      return asked
    },
    ask: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? ''
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

/** A source that answers when the test says so. */
function slowSource() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let asked = 0
  return {
    get asked() {
      return asked
    },
    ask: () => {
      asked++
      return promise
    },
    resolve,
    reject,
  }
}

const get = (key: string, { ask }: { ask: () => Promise<string> }, fresh = false) =>
  cache.get(key, ask, { fresh, waitUntil })

test('what is fresh is not asked for again', async () => {
  const a = source('one', 'two')
  expect(await get('a', a)).toBe('one')
  now += 999
  expect(await get('a', a)).toBe('one')
  expect(a.asked).toBe(1)
})

test('what is getting old is given at once and renewed once in the background', async () => {
  const a = source('one', 'two')
  await get('a', a)
  now += 1_000
  const answers = await Promise.all([get('a', a), get('a', a), get('a', a)])
  expect(answers).toEqual(['one', 'one', 'one'])
  await settled()
  expect(a.asked).toBe(2)
  expect(await get('a', a)).toBe('two')
})

test('what is stale is waited for', async () => {
  const a = source('one', 'two')
  await get('a', a)
  now += 100_000
  expect(await get('a', a)).toBe('two')
})

test('look-ups of one key at the same time are one', async () => {
  const slow = slowSource()
  const both = [get('a', slow), get('a', slow)]
  slow.resolve('one')
  expect(await Promise.all(both)).toEqual(['one', 'one'])
  expect(slow.asked).toBe(1)
})

test('a look-up that never ends does not hold up others for good', async () => {
  vi.useFakeTimers()
  void get('a', slowSource())
  const second = get('a', source('one'))
  await vi.advanceTimersByTimeAsync(7_000)
  expect(await second).toBe('one')
})

test('who wants a new answer does not get one that is remembered or under way', async () => {
  const old = slowSource()
  const first = get('a', old)
  const a = source('new', 'newer')
  expect(await get('a', a, true)).toBe('new')
  old.resolve('old')
  expect(await first).toBe('old')
  expect(await get('a', a)).toBe('new')
  expect(await get('a', a, true)).toBe('newer')
})

test('what was forgotten is asked for again, and an answer under way is not kept', async () => {
  const old = slowSource()
  const first = get('a', old)
  cache.invalidate('a')
  old.resolve('old')
  await first
  const a = source('new', 'newer')
  expect(await get('a', a)).toBe('new')
  cache.invalidate('a')
  expect(await get('a', a)).toBe('newer')
})

describe('a failure', () => {
  test('is remembered for a short time, for all who ask', async () => {
    const a = source(new Error('down'), 'up')
    await expect(get('a', a)).rejects.toThrow('down')
    now += 9_999
    await expect(get('a', a)).rejects.toThrow('down')
    expect(a.asked).toBe(1)
    now += 1
    expect(await get('a', a)).toBe('up')
  })

  test('reaches all who wait for the same look-up', async () => {
    const slow = slowSource()
    const both = Promise.allSettled([get('a', slow), get('a', slow)])
    slow.reject(new Error('down'))
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('leaves an old answer in place, and renewing waits a while', async () => {
    const a = source('one', new Error('down'), 'two')
    await get('a', a)
    now += 1_000
    await get('a', a)
    await settled()
    now += 59_999
    expect(await get('a', a)).toBe('one')
    expect(a.asked).toBe(2)
    now += 1
    await get('a', a)
    await settled()
    expect(await get('a', a)).toBe('two')
  })

  test('to get a new answer is told, and the old answer stays', async () => {
    const a = source('one', new Error('down'))
    await get('a', a)
    await expect(get('a', a, true)).rejects.toThrow('down')
    expect(await get('a', a)).toBe('one')
  })
})

describe('memory is bounded', () => {
  test('by number: what was not asked for longest goes first', async () => {
    const sources = { a: source('a'), b: source('b'), c: source('c'), d: source('d') }
    await get('a', sources.a)
    await get('b', sources.b)
    await get('c', sources.c)
    await get('a', sources.a)
    await get('d', sources.d)
    expect(cache.size).toBe(3)
    await get('a', sources.a)
    expect(sources.a.asked).toBe(1)
    await get('b', sources.b)
    expect(sources.b.asked).toBe(2)
  })

  test('by size', async () => {
    await get('a', source('x'.repeat(10)))
    await get('b', source('x'.repeat(10)))
    expect(cache.size).toBe(2)
    await get('c', source('x'))
    expect(cache.size).toBe(2)
    await get('d', source('x'.repeat(21)))
    expect(cache.size).toBe(0)
  })
})
