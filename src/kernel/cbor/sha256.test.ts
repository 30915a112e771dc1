import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOfAscii, hasSha256, sha256 } from './sha256.ts'

const reference = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex')

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('bytes of every length up to some hundred have the SHA-256 that the platform gives', () => {
  for (let length = 0; length <= 700; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length))
    const digest = sha256(bytes)
    expect(hex(digest)).toBe(reference(bytes))
    expect(hasSha256(bytes, digest)).toBe(true)
    digest[length % 32] = (digest[length % 32] ?? 0) ^ 1
    expect(hasSha256(bytes, digest)).toBe(false)
  }
})

test('a part of a buffer is hashed, and nothing beside it', () => {
  const buffer = crypto.getRandomValues(new Uint8Array(1000))
  const part = buffer.subarray(3, 203)
  expect(hex(sha256(part))).toBe(reference(part))
})

test('a digest that is cut short is none', () => {
  const bytes = new Uint8Array(10)
  expect(hasSha256(bytes, sha256(bytes).subarray(0, 31))).toBe(false)
})

test('a text of ASCII has the SHA-256 of its bytes', () => {
  for (const text of ['', 'app.bsky.feed.post/3jqfcqzm3fo2j', 'x'.repeat(512)]) {
    const words = digestOfAscii(text) ?? []
    const digest = [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    expect(digest).toBe(reference(text))
  }
})

test.each(['é', 'x'.repeat(513)])('a text that is long, or no ASCII, is left to others', (text) => {
  expect(digestOfAscii(text)).toBeUndefined()
})
