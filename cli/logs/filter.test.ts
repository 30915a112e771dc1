import { expect, test } from 'vitest'
import { isWanted } from './filter.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const info = JSON.stringify({ level: 'info', message: 'request', path: '/x' })
const error = JSON.stringify({ level: 'error', message: 'failed', account: did })

test.each([
  [info, 'info', [], true],
  [info, 'error', [], false],
  [error, 'error', [], true],
  ['workerd has ended (exit code 1): starting it again', 'error', [], true],
  ['null', 'error', [], true],
  ['', 'info', [], false],
  [error, 'info', [did], true],
  [info, 'info', [did], false],
  [error, 'info', ['alice.test', did], true],
] as const)('%s at level %s about %j: %s', (line, level, names, isShown) => {
  expect(isWanted(line, { level, names })).toBe(isShown)
})
