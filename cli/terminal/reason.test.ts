import { expect, test } from 'vitest'
import { reasonOf } from './reason.ts'

const failed = (cause?: unknown) => new TypeError('fetch failed', { cause })

test.each([
  [failed(new Error('connect ECONNREFUSED 127.0.0.1:9')), 'connect ECONNREFUSED 127.0.0.1:9'],
  [failed(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })), 'ECONNREFUSED'],
  [failed(new AggregateError([])), 'AggregateError'],
  [failed(), 'fetch failed'],
  ['no error', 'no error'],
])('%s', (error, expected) => {
  expect(reasonOf(error)).toBe(expected)
})
