import { describe, expect, test } from 'vitest'
import { mailLanguages } from '../../../kernel/config/mail-settings.ts'
import { languages } from '../../../testing/languages.ts'
import { en } from './en.ts'
import { fill, stringsOf, timeIn, wantedLanguage } from './languages.ts'

/** All texts by their place. */
const textsOf = (value: unknown, path = ''): [string, string][] =>
  typeof value === 'string'
    ? [[path, value]]
    : Object.entries(value as object).flatMap(([key, inner]) => textsOf(inner, `${path}/${key}`))

const namesIn = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()

describe.each(Object.entries(languages))('%s', (tag, strings) => {
  test('has its own tag, and the names in braces that English has', () => {
    expect(strings.tag).toBe(tag)
    const english = new Map(textsOf(en))
    for (const [path, text] of textsOf(strings)) {
      // What is named twice in one language may be named once in another.
      const names = new Set(namesIn(text))
      expect([...names], path).toEqual([...new Set(namesIn(english.get(path) ?? ''))])
      expect(text.trim(), path).not.toBe('')
    }
  })
})

test.each(mailLanguages)('%s is loaded by its name', async (language) => {
  expect(await stringsOf(language)).toBe(languages[language])
})

test.each([
  ['de', 'de'],
  ['de-CH, en;q=0.9', 'de'],
  ['sv,en;q=0.8,fr;q=0.9', 'fr'],
  ['pt-BR', 'pt'],
  ['ja_JP', 'ja'],
  ['xx, *;q=0.1', undefined],
  ['de;q=0, es;q=0.1', 'es'],
  ['fr ja', 'fr'],
  ['constructor, __proto__', undefined],
  ['de;q=2', undefined],
  ['', undefined],
  [null, undefined],
  [`${'x,'.repeat(10_000)}de`, undefined],
])('%s wants %s', (header, language) => {
  expect(wantedLanguage(header)).toBe(language)
})

test('what is put in is not looked at again', () => {
  expect(fill('{a} {b}', { a: '{b}', b: '{a}' })).toBe('{b} {a}')
  expect(fill('{constructor}', {})).toBe('{constructor}')
})

test('times are written as one does in the language', () => {
  const time = Date.parse('2026-11-26T14:03:00Z')
  expect(timeIn(languages.de, time)).toContain('26. November 2026')
  expect(timeIn(languages.ja, time)).toContain('2026年11月26日')
  expect(timeIn(languages.fr, time)).toContain('26 novembre 2026')
  for (const strings of Object.values(languages)) expect(timeIn(strings, time)).toContain('UTC')
})
