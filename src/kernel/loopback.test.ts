import { expect, test } from 'vitest'
import { isLoopback } from './loopback.ts'

test.each([
  'localhost',
  'LOCALHOST.',
  'alice.localhost',
  'alice.test',
  '127.0.0.1',
  '127.1.2.3',
  '[::1]',
  '[::ffff:127.0.0.1]',
])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true)
})

test.each([
  'localhost.example.com',
  'evil-localhost',
  'test.example.com',
  '192.168.0.1',
  '0.0.0.0',
  '[::]',
  'pds.example.com',
  'printer.local',
  '',
])('%s is not', (host) => {
  expect(isLoopback(host)).toBe(false)
})
