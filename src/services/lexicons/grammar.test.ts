import { describe, expect, test } from 'vitest'
import { isEncoding, isFieldName, isName, isReference, nameProblems } from './grammar.ts'

describe('the grammar of names', () => {
  test.each(['main', 'viewBasic', 'blob_v0', 'kebab-case', 'A', 'constructor', 'x'.repeat(256)])(
    '%s is a name, for definitions, errors and fields',
    (name) => expect([isName(name), isFieldName(name)]).toEqual([true, true]),
  )

  test.each(['$type', '_links', '$link', 'a$b'])('%s is one for fields only', (name) =>
    expect([isName(name), isFieldName(name)]).toEqual([false, true]),
  )

  test.each(['', '9', '-a', 'a b', 'a.b', 'a#b', "a'b", 'a\n', 'é', '__proto__', 'x'.repeat(257)])(
    '%j is none',
    (name) => expect([isName(name), isFieldName(name)]).toEqual([false, false]),
  )

  test.each(['com.example.defs', 'com.example.defs#view', '#view', 'lex:com.example.defs#view'])(
    '%s is a reference',
    (ref) => expect(isReference(ref)).toBe(true),
  )

  test.each([
    '',
    '#',
    'view',
    'com.example',
    'com.example.defs#',
    '#a#b',
    '#a b',
    'com.exam ple.a',
  ])('%j is no reference', (ref) => expect(isReference(ref)).toBe(false))

  test.each([
    'application/json',
    '*/*',
    'image/*',
    'text/plain; charset=utf-8',
    'video/mp4, a/b+c',
  ])('%s is a media type', (encoding) => expect(isEncoding(encoding)).toBe(true))

  test.each(['', 'json', "a/b'", 'a/b\n', 'a/b; c="d"', 'a/b,', 'a/b\n; c=d'])(
    '%j is no media type',
    (encoding) => expect(isEncoding(encoding)).toBe(false),
  )
})

test('a long text is no trouble to look at, and is not repeated', () => {
  const long = `a/b${' '.repeat(200_000)}; c${','.repeat(200_000)}`
  expect(isEncoding(long)).toBe(false)
  const defs = { main: { type: 'query', output: { encoding: long } } }
  const [problem] = nameProblems({ defs })
  expect(problem?.at).toEqual(['defs', 'main', 'output', 'encoding'])
  expect(problem?.message.length).toBeLessThan(150)
})

test('fields are not mistaken for what the language calls so', () => {
  const text = { type: 'string' }
  const names = ['properties', 'errors', 'ref', 'refs', 'encoding', 'defs', 'required']
  const properties = Object.fromEntries(names.map((name) => [name, text]))
  const defs = { main: { type: 'object', properties } }
  expect([...nameProblems({ defs })]).toEqual([])
})
