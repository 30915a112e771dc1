import { XRPCError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import { errorResponse } from './answer.ts'

const answer = async (error: unknown) => {
  const response = errorResponse(error)
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: await response.json(),
  }
}

test('what went wrong inside is nobody’s business', async () => {
  expect(await answer(new Error('secret'))).toEqual({
    status: 500,
    retryAfter: null,
    body: { error: 'InternalServerError', message: 'Internal Server Error' },
  })
})

test('a refusal is told', async () => {
  expect(await answer(new XRPCError(400, 'no', 'Nope'))).toMatchObject({
    status: 400,
    body: { error: 'Nope', message: 'no' },
  })
})

test('when an object has too much to do, the client is asked to come again', async () => {
  expect(await answer(Object.assign(new Error('overloaded'), { overloaded: true }))).toEqual({
    status: 503,
    retryAfter: '1',
    body: { error: 'ServiceUnavailable', message: 'This host is busy, try again' },
  })
})
