import { expect, test } from 'vitest'
import { requestedRange } from './conditional.ts'

const etag = '"bafy"'

test.each<[string, number, unknown]>([
  ['bytes=0-0', 10, { offset: 0, length: 1 }],
  ['bytes=2-5', 10, { offset: 2, length: 4 }],
  ['bytes=2-', 10, { offset: 2, length: 8 }],
  ['bytes=2-99', 10, { offset: 2, length: 8 }],
  ['bytes=-3', 10, { offset: 7, length: 3 }],
  ['bytes=-99', 10, { offset: 0, length: 10 }],
  ['Bytes = 1 - 2', 10, { offset: 1, length: 2 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=10-11', 10, 'unsatisfiable'],
  ['bytes=99999999999999999999-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=5-2', 10, undefined],
  ['bytes=-', 10, undefined],
  ['bytes=1', 10, undefined],
  ['bytes=a-b', 10, undefined],
  ['bytes=0-1,3-4', 10, undefined],
  ['items=0-1', 10, undefined],
  ['bytes=0-1', 0, undefined],
  ['bytes=-1', 0, undefined],
])('Range %j of %j bytes is %j', (range, size, expected) => {
  expect(requestedRange(new Headers({ range }), etag, size)).toEqual(expected)
})

test.each<[string, boolean]>([
  [etag, true],
  ['W/"bafy"', false],
  ['"other"', false],
  ['Sat, 21 Nov 2026 00:00:00 GMT', false],
])('If-Range %j: the range counts is %j', (ifRange, counts) => {
  const headers = new Headers({ range: 'bytes=0-1', 'if-range': ifRange })
  expect(requestedRange(headers, etag, 10) !== undefined).toBe(counts)
})
