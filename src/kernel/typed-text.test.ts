import { expect, test } from 'vitest'
import { typedIdentifier, typedText } from './typed-text.ts'

test.each([
  'alice.test',
  ' alice.test\n',
  '\u202aalice.test\u202c',
  '\u2068 alice.test \u2069',
  '\ufeffalice.test\u200b',
])('what stands around a name does not count: %j', (text) => {
  expect(typedText(text)).toBe('alice.test')
})

test('what stands within it does', () => {
  expect(typedText(' a \u202a b ')).toBe('a \u202a b')
})

test('nothing is left of nothing', () => {
  expect(typedText(' \u200e ')).toBe('')
})

test('a name has no @ before it, and no capitals', () => {
  expect(typedIdentifier('\u2068@Alice.TEST\u2069')).toBe('alice.test')
  expect(typedIdentifier('Alice@Example.com')).toBe('alice@example.com')
})

test('a long text is looked at once', () => {
  const text = `a${' '.repeat(1_000_000)}b`
  expect(typedText(text)).toBe(text)
})
