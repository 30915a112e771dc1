/** What strangers put into a path or an error gives no orders to the terminal that shows it. */
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { inWords } from './log-text.ts'

const words = (entry: object | string) =>
  stripVTControlCharacters(inWords(typeof entry === 'string' ? entry : JSON.stringify(entry)))
const time = new Date(2026, 0, 2, 3, 4, 5).toISOString()

test('a request is one line', () => {
  const request = { request: 'an-id', method: 'GET', path: '/xrpc/a.b.c', status: 404, ms: 12 }
  expect(words({ level: 'info', time, message: 'request', ...request })).toBe(
    '03:04:05 404 GET  /xrpc/a.b.c 12 ms',
  )
})

test('an error has its stack and cause below it', () => {
  const error = { error: 'E: no', cause: 'F: why', stack: 'E: no\n    at f (x.js:1:2)' }
  const line = words({ level: 'error', time, message: 'request failed', path: '/x', ...error })
  expect(line.split('\n').map((text) => text.trim())).toEqual([
    '03:04:05 request failed',
    'at /x',
    'E: no',
    'at f (x.js:1:2)',
    'caused by F: why',
  ])
})

test('whatever else an entry has stands behind it', () => {
  const line = words({
    level: 'info',
    time,
    message: 'a job is late',
    object: 'account',
    tries: 3,
    text: 'two words',
  })
  expect(line).toBe('03:04:05 a job is late  object=account  tries=3  text="two words"')
})

test.each([
  JSON.stringify({ level: 'info', time, message: 'request', path: '/\u001b]0;title\u0007\u202e' }),
  JSON.stringify({ level: 'error', time, message: 'x', error: 'a\u001b[2J\nb' }),
  'no JSON \u001b[2J',
  '{"half": \u001b[2J',
])('no control character gets through: %j', (line) => {
  const controls = [...inWords(line).matchAll(/\p{Cc}(\[\d+m)?|\p{Cf}/gu)]
  // What was put in here is colour, and lines below an error.
  expect(controls.filter(([text, color]) => text !== '\n' && color === undefined)).toEqual([])
  expect(inWords(line)).toMatch(/\\u00/)
})
