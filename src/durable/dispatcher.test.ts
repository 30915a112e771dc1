import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import type { Answer } from '../contracts/answer.ts'
import { rpcClient } from '../services/objects/client.ts'
import { rateLimited, StorageError } from '../storage/error.ts'
import type { RateLimitStatus } from '../storage/rate-limit.ts'
import { RpcDispatcher } from './dispatcher.ts'

const STATUS: RateLimitStatus = { limit: 1, window: 1000, remaining: 0, resetAt: 5, exceeded: true }

/** A part with a state of its own, as parts of objects are. */
class Counter {
  #count = 0
  add(points: number, more = 0): number {
    this.#count += points + more
    return this.#count
  }
}

/** A part whose only method throws, at once or later. */
const failing = (error: unknown) => ({
  atOnce() {
    throw error
  },
  async later() {
    throw error
  },
})

test('a call reaches the method of the part, with its arguments and its state', async () => {
  const dispatcher = new RpcDispatcher({ one: new Counter(), other: new Counter() })
  expect(await dispatcher.call('one', 'add', [1])).toEqual({ ok: true, value: 1 })
  expect(await dispatcher.call('one', 'add', [2, 3])).toEqual({ ok: true, value: 6 })
  expect(await dispatcher.call('other', 'add', [1])).toEqual({ ok: true, value: 1 })
})

test.each([
  ['part', 'toString'],
  ['part', 'constructor'],
  ['part', '__defineGetter__'],
  ['part', 'missing'],
  ['constructor', 'keys'],
  ['__proto__', 'toString'],
])('what every object inherits cannot be called: %s.%s', async (part, method) => {
  const dispatcher = new RpcDispatcher({ part: new Counter() })
  await expect(dispatcher.call(part, method, [{}])).rejects.toThrow('there is no')
})

test('what a method promises is waited for', async () => {
  const dispatcher = new RpcDispatcher({ part: { answer: async () => 'later' } })
  expect(await dispatcher.call('part', 'answer', [])).toEqual({ ok: true, value: 'later' })
})

test.each([
  [
    'StorageError',
    new StorageError('RepoNotFound', 'Could not find repo'),
    { name: 'RepoNotFound', message: 'Could not find repo', status: 400 },
  ],
  [
    'StorageError with a status',
    new StorageError('AccountTakedown', 'taken down', 401),
    { name: 'AccountTakedown', message: 'taken down', status: 401 },
  ],
  [
    'StorageError about a rate limit',
    rateLimited(STATUS),
    { name: 'RateLimitExceeded', message: 'Rate Limit Exceeded', status: 429, rateLimit: STATUS },
  ],
  [
    'XRPCError with a name of its own',
    new InvalidRequestError('not verified', 'InvalidPasskey'),
    { name: 'InvalidPasskey', message: 'not verified', status: 400 },
  ],
  [
    'XRPCError with the name of its status',
    new XRPCError(502, 'no answer'),
    { name: 'UpstreamFailure', message: 'no answer', status: 502 },
  ],
])('a %s is an answer, thrown at once or later', async (_, thrown, error) => {
  const dispatcher = new RpcDispatcher({ part: failing(thrown) })
  for (const method of ['atOnce', 'later']) {
    expect(await dispatcher.call('part', method, [])).toEqual({ ok: false, error })
  }
})

test('any other error is a failure of the object, and is thrown as it is', async () => {
  const error = new RangeError('a bug')
  const dispatcher = new RpcDispatcher({ part: failing(error) })
  for (const method of ['atOnce', 'later']) {
    await expect(dispatcher.call('part', method, [])).rejects.toBe(error)
  }
})

test.each([
  ['other', 'add'],
  ['part', 'remove'],
  ['part', 'name'],
  ['part', '#count'],
])('there is no %s.%s, and that is said', async (part, method) => {
  const dispatcher = new RpcDispatcher({ part: Object.assign(new Counter(), { name: 'counter' }) })
  await expect(dispatcher.call(part, method, [])).rejects.toThrow(`there is no ${part}.${method}`)
})

test('who wants to know is told of each call in the turn in which it was made, unless it threw', async () => {
  const told: string[] = []
  const order: string[] = []
  const parts = {
    part: {
      ...failing(new StorageError('InvalidRequest', 'refused')),
      async answer() {
        order.push('called')
        await Promise.resolve()
        order.push('later')
      },
    },
  }
  const dispatcher = new RpcDispatcher(parts, (method) => {
    told.push(method)
    order.push('told')
  })
  await dispatcher.call('part', 'answer', [])
  await dispatcher.call('part', 'atOnce', [])
  expect(told).toEqual(['part.answer'])
  expect(order).toEqual(['called', 'told', 'later'])
})

test('the client at the other end has the value, or the same error again', async () => {
  interface Contract {
    counter: { add(points: number): Answer<number>; subtract(): Answer<number> }
    failing: { later(): Answer<void> }
  }
  const client = rpcClient<Contract>(
    new RpcDispatcher({
      counter: new Counter(),
      failing: failing(new StorageError('AccountTakedown', 'taken down', 401)),
    }),
  )
  expect(await client.counter.add(2)).toBe(2)
  await expect(client.failing.later()).rejects.toMatchObject({
    error: 'AccountTakedown',
    message: 'taken down',
    statusCode: 401,
  })
  await expect(client.counter.subtract()).rejects.toThrow('there is no counter.subtract')
})
