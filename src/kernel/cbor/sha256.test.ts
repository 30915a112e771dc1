import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a hash is the same whether it is made in JavaScript or by the platform', () => {
  const buffer = crypto.getRandomValues(new Uint8Array(1000))
  for (const length of [0, 1, 55, 56, 64, 200, 511, 512, 513, 700]) {
    const bytes = buffer.subarray(3, 3 + length)
    expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})
