import { expect, test } from 'vitest'
import { accountTag, isKnown, knownStates } from './entity-tag.ts'

const etag = '"bafy"'

test.each<[string | null, boolean]>([
  [null, false],
  ['"bafy"', true],
  ['W/"bafy"', true],
  ['"other", W/"bafy" ', true],
  [' * ', true],
  ['"other"', false],
  ['bafy', false],
  ['', false],
])('If-None-Match %j: known is %j', (header, expected) => {
  expect(isKnown(header, etag)).toBe(expected)
})

test('what is very long names nothing', () => {
  expect(isKnown(`"${'x'.repeat(1_000)}", ${etag}`, etag)).toBe(false)
})

test('who asks by a handle gets a tag that no other account has', () => {
  expect(accountTag('did:web:a.test', 'did:web:a.test', 'rev')).toBe('"rev"')
  expect(accountTag('a.test', 'did:web:a.test', 'rev')).toBe('"did:web:a.test/rev"')
})

test.each<[string | null, string[]]>([
  [null, []],
  ['"did:web:a.test/one", W/"did:web:a.test/two"', ['one', 'two']],
  ['"did:web:b.test/one", "one", *, did:web:a.test/one', []],
])('what the client has, by %j', (header, states) => {
  expect(knownStates(header, 'a.test', 'did:web:a.test')).toEqual(states)
})

test('a state is the name in a tag, of whoever asks by the DID', () => {
  expect(knownStates('"one"', 'did:web:a.test', 'did:web:a.test')).toEqual(['one'])
})
