import { XRPCError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import type { Answer, RpcObject, RpcResult } from '../../contracts/answer.ts'
import { rateLimited, StorageError } from '../../storage/error.ts'
import type { RateLimitStatus } from '../../storage/rate-limit.ts'
import { rpcClient } from './client.ts'
import { RateLimitError } from './rate-limit-error.ts'
import { toResult, unlessRefused } from './result.ts'

interface Contract {
  readonly sums: { add(one: number, other: number): Answer<number> }
  readonly failures: { fail(): Answer<never> }
}

/** A client of an object that adds, and fails with `error`. */
const clientOf = (error: unknown = new Error('unused')) =>
  rpcClient<Contract>({
    call: (part, _, args) =>
      toResult(() => {
        if (part === 'failures') throw error
        return args.reduce((sum: number, value) => sum + Number(value), 0)
      }),
  })

/** An object that answers with one thing, and who asked. */
function recorder(result: RpcResult): { stub: RpcObject; calls: unknown[] } {
  const calls: unknown[] = []
  return {
    calls,
    stub: {
      async call(...args) {
        calls.push(args)
        return result
      },
    },
  }
}

test('a call is one round trip to the part', async () => {
  const { stub, calls } = recorder({ ok: true, value: 3 })
  expect(await rpcClient<Contract>(stub).sums.add(1, 2)).toBe(3)
  expect(calls).toEqual([['sums', 'add', [1, 2]]])
  expect(await clientOf().sums.add(1, 2)).toBe(3)
})

test('nobody is asked before a method is called', () => {
  const { stub, calls } = recorder({ ok: true, value: 3 })
  const { add } = rpcClient<Contract>(stub).sums
  expect(add).toBeTypeOf('function')
  expect(calls).toEqual([])
})

test.each([
  [new StorageError('RepoTakendown', 'taken down'), 'RepoTakendown', 400],
  [new StorageError('ExpiredToken', 'revoked', 401), 'ExpiredToken', 401],
  [new XRPCError(413, 'too large', 'PayloadTooLarge'), 'PayloadTooLarge', 413],
  [new XRPCError(502, 'no answer'), 'UpstreamFailure', 502],
])('%s arrives as an XRPCError %s (%i)', async (thrown, error, statusCode) => {
  const failure = await clientOf(thrown)
    .failures.fail()
    .catch((caught: unknown) => caught)
  expect(failure).toBeInstanceOf(XRPCError)
  expect(failure).not.toBeInstanceOf(RateLimitError)
  expect(failure).toMatchObject({ error, statusCode, message: thrown.message })
})

test('a rate limit that is exceeded arrives with what is left of it', async () => {
  const status: RateLimitStatus = {
    limit: 10,
    window: 60_000,
    remaining: 0,
    resetAt: 5,
    exceeded: true,
  }
  const failure = await clientOf(rateLimited(status))
    .failures.fail()
    .catch((e: unknown) => e)
  expect(failure).toBeInstanceOf(RateLimitError)
  expect(failure).toMatchObject({
    statusCode: 429,
    error: 'RateLimitExceeded',
    rateLimit: status,
  })
})

test('failures of the object, and of the way to it, are thrown as they are', async () => {
  const bug = new RangeError('a bug')
  await expect(clientOf(bug).failures.fail()).rejects.toBe(bug)
  const lost = new Error('the connection was lost')
  const client = rpcClient<Contract>({ call: () => Promise.reject(lost) })
  await expect(client.sums.add(1, 2)).rejects.toBe(lost)
})

test('a client, and a part of one, can be the result of an async function', async () => {
  const { stub, calls } = recorder({ ok: true, value: 3 })
  const client = await (async () => rpcClient<Contract>(stub))()
  const sums = await (async () => client.sums)()
  expect(await sums.add(1, 2)).toBe(3)
  expect(calls).toHaveLength(1)
})

test('what is refused may be left out, but not what fails', async () => {
  const refused = clientOf(new StorageError('RepoNotFound', 'none')).failures.fail()
  expect(await unlessRefused(refused)).toBeUndefined()
  const bug = new Error('a bug')
  await expect(unlessRefused(clientOf(bug).failures.fail())).rejects.toBe(bug)
  expect(await unlessRefused(clientOf().sums.add(1, 2))).toBe(3)
})
