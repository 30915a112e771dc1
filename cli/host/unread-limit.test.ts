import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { unreadLimit } from './unread-limit.ts'

const MIB = 1024 * 1024

test.each([
  [256, 32],
  [1024, 64],
  [4096, 256],
  [64 * 1024, 512],
])('a machine of %i MiB has %i MiB for what may be unread', (memory, limit) => {
  expect(unreadLimit(memory * MIB)).toBe(limit * MIB)
})

test('this machine has what its memory gives', () => {
  expect(unreadLimit()).toBeLessThanOrEqual(unreadLimit(totalmem()))
  expect(unreadLimit()).toBeGreaterThanOrEqual(32 * MIB)
})
