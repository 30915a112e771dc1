import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { isDirect, sha256 } from './sha256.ts'

test('the digest is that of node:crypto, whatever the bytes are a part of', () => {
  const all = crypto.getRandomValues(new Uint8Array(4096))
  for (const length of [0, 1, 33, 55, 56, 63, 64, 65, 300, 4000]) {
    const part = all.subarray(7, 7 + length)
    const digest = sha256(part)
    expect(Buffer.from(digest).toString('hex')).toBe(hash('sha256', part, 'hex'))
    expect(digest.buffer.byteLength).toBe(32)
  }
  // Bytes in place of others, as keys are.
  const before = sha256(all.subarray(0, 40))
  const kept = Buffer.from(before).toString('hex')
  all[3] = (all[3] ?? 0) ^ 1
  expect(Buffer.from(sha256(all.subarray(0, 40))).toString('hex')).not.toBe(kept)
  expect(Buffer.from(before).toString('hex')).toBe(kept)
})

test('on this runtime it is computed without what is around it', () => {
  expect(isDirect).toBe(true)
  expect(Object.getPrototypeOf(sha256(new Uint8Array(1)))).toBe(Uint8Array.prototype)
})
