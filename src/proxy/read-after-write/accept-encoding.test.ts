import { expect, test } from 'vitest'
import { readableOnly } from './accept-encoding.ts'

test.each([
  ['gzip, deflate, br, zstd', 'gzip, deflate, br'],
  ['zstd;q=1, GZIP;q=0.5', 'GZIP;q=0.5'],
  ['gzip, identity;q=0', 'gzip, identity;q=0'],
  ['zstd', 'identity'],
  ['*', 'identity'],
  ['', 'identity'],
  [null, 'identity'],
])('of %s there is asked for: %s', (accepted, asked) => {
  expect(readableOnly(accepted)).toBe(asked)
})
