import { expect, test } from 'vitest'
import { inWords, readAddress, UnreachableError } from './outside.ts'

test.each([
  ['192.0.2.1', { address: '192.0.2.1' }],
  ['192.0.2.1:8443', { address: '192.0.2.1', port: 8443 }],
  ['2001:db8::1', { address: '2001:db8::1' }],
  ['[2001:db8::1]:443', { address: '2001:db8::1', port: 443 }],
  ['proxy.internal:443', { address: 'proxy.internal', port: 443 }],
  ['', undefined],
  ['a b', undefined],
])('%j is an address: %j', (text, address) => {
  expect(readAddress(text)).toEqual(address)
})

test('what went wrong is said in words, however deep it is', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(inWords(new TypeError('fetch failed', { cause: refused }))).toBe('nobody listens there')
  expect(inWords(new DOMException('late', 'TimeoutError'))).toBe('no answer within 8 s')
  expect(inWords(new UnreachableError('its answer is too long'))).toBe('its answer is too long')
  expect(inWords('text')).toBe('text')
})
