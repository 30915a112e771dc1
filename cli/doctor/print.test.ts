import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { countResults, inWords } from './print.ts'
import type { Result } from './run.ts'

const finding = (what: string, severity: 'error' | 'note') => ({
  ...{ what, severity, means: 'It means this.', mend: 'do that', canFix: false },
})
const results: Result[] = [
  { id: 'a', title: 'A', result: 'well', findings: [] },
  { id: 'b', title: 'B', result: 'found', findings: [finding('a note', 'note')] },
  {
    id: 'c',
    title: 'C',
    account: 'x.test',
    result: 'found',
    findings: [finding('bad\u001b[2J', 'error')],
  },
  { id: 'd', title: 'D', result: 'skipped', why: 'nobody answers', findings: [] },
  { id: 'e', title: 'E', result: 'skipped', why: 'nobody answers', findings: [] },
]

test('the gravest is said first, what was not looked at by reason, and nothing gives orders to the terminal', () => {
  expect(stripVTControlCharacters(inWords(results))).toBe(`ERROR  c  x.test
  bad\\u001b[2J
  It means this.
  What helps: do that

NOTE  b
  a note
  It means this.
  What helps: do that

Not looked at, since
  nobody answers: d, e

1 check found nothing wrong, 1 error, 1 note, 2 checks not made`)
  expect(countResults(results)).toEqual({ errors: 1, warnings: 0, notes: 1, skipped: 2, well: 1 })
})

test('what is said of many accounts in the same words is said once, with how many they are and the first few', () => {
  const of = (account: string, what: string): Result => ({
    ...{ id: 'key', title: 'K', account, result: 'found', findings: [finding(what, 'note')] },
  })
  const names = Array.from({ length: 7 }, (_, n) => `n${n}.test`)
  const all = [...names.map((name) => of(name, 'no key')), of('other.test', 'another key')]
  const words = stripVTControlCharacters(inWords(all))
  expect(words.match(/^NOTE.*\n.*/gm)).toEqual([
    'NOTE  key  7 accounts: n0.test, n1.test, n2.test, n3.test, n4.test and 2 more\n  no key',
    'NOTE  key  other.test\n  another key',
  ])
  expect(words).toMatch(/^0 checks found nothing wrong, 2 notes$/m)
  // Programs are told of each.
  expect(countResults(all).notes).toBe(8)
})
