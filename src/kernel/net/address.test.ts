import { describe, expect, test } from 'vitest'
import { checkAddress, isPublicHost } from './address.ts'

const PUBLIC = [
  'https://example.com/',
  'https://example.com:8443/path?query',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]/',
  'https://xn--bcher-kva.example.net/',
  'https://example.com./',
]

const PRIVATE_ADDRESSES = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  // The same, in notations that only a URL parser understands.
  '0x7f.1',
  '2130706433',
  '017700000001',
  '127.1',
  '[::]',
  '[::1]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[ff02::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:8.8.8.8]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[100::1]',
  '[5f00::1]',
  '[4000::1]',
]

const PRIVATE_NAMES = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'printer.local',
  'metadata.google.internal',
  '1.0.0.127.in-addr.arpa',
  'alice.test',
  'router.lan',
  'intranet',
  'com',
]

describe('an address that a stranger chose', () => {
  test.each(PUBLIC)('is accepted when it is public: %s', (url) => {
    expect(checkAddress(url).href).toBe(url)
  })

  test.each([...PRIVATE_ADDRESSES, ...PRIVATE_NAMES])('is refused when it is not: %s', (host) => {
    expect(() => checkAddress(`https://${host}/`)).toThrow(/^Address refused/)
  })

  test.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://user@example.com/',
    'https://user:password@example.com/',
    'https://',
    'example.com',
  ])('is refused when it is of another kind: %s', (url) => {
    expect(() => checkAddress(url)).toThrow(
      expect.objectContaining({ name: 'NetworkError', kind: 'refused-address' }),
    )
  })

  test('may be private and plain http in development, but holds no credentials', () => {
    for (const url of ['http://localhost:3000/', 'https://10.0.0.1/', 'http://[::1]:80/']) {
      expect(checkAddress(url, true)).toBeInstanceOf(URL)
    }
    for (const url of ['http://user@localhost/', 'ftp://localhost/']) {
      expect(() => checkAddress(url, true)).toThrow(/^Address refused/)
    }
  })
})

test('a host is judged without its brackets and its last dot', () => {
  expect(isPublicHost('[2606:4700::1]')).toBe(true)
  expect(isPublicHost('[::1]')).toBe(false)
  expect(isPublicHost('a.local.')).toBe(false)
})
