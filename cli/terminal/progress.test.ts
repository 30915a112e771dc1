import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { progress } from './progress.ts'

test('names of strangers give the terminal no orders, and stay in their line', () => {
  const out = new PassThrough()
  const bar = progress('Restoring', { out: out as unknown as NodeJS.WriteStream })
  bar.note('alice\u001b[2J.test')
  bar.advance(1)
  bar.failed('no room\ndone  all is well')
  expect(String(out.read()).split('\n')).toEqual([
    'Restoring  alice\\u001b[2J.test',
    'Restoring  1  no room\\u000adone  all is well',
    '',
  ])
})
