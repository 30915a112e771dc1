import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'

/** The address of whoever is connected to workerd from `peer`, with `X-Forwarded-For` as it came. */
const addressOf = (peer: string, forwarded?: string) =>
  clientAddress({
    cf: { clientIp: peer },
    headers: new Headers(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
  } as unknown as Request)

const HERE = '[::ffff:127.0.0.1]:34244'

test.each([
  ['from this machine', HERE, undefined, 'here'],
  ['behind a proxy', HERE, '203.0.113.9', '203.0.113.9'],
  ['behind a proxy, to which somebody lies', HERE, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['behind a proxy in a container', '[::ffff:172.17.0.2]:4711', '203.0.113.9', '203.0.113.9'],
  ['behind two proxies', HERE, '203.0.113.9, 10.0.0.3', '203.0.113.9'],
  ['behind a proxy, with a port', HERE, '"[2001:db8::1]:4711"', '"[2001:db8::1]:4711"'],
  ['of the network of the operator, behind a proxy', HERE, '192.168.1.7', '192.168.1.7'],
  ['of the network of the operator', '192.168.1.7:4711', undefined, '192.168.1.7:4711'],
  ['from elsewhere', '203.0.113.9:4711', undefined, '203.0.113.9:4711'],
  ['from elsewhere, and lies', '203.0.113.9:4711', '198.51.100.1', '203.0.113.9:4711'],
  ['behind a proxy that says nothing', HERE, ' , ', 'here'],
])('whoever comes %s', (_, peer, forwarded, address) => {
  expect(addressOf(peer, forwarded)).toBe(address)
})

test('Cloudflare knows who comes', () => {
  const headers = new Headers({ 'cf-connecting-ip': '203.0.113.9', 'x-forwarded-for': '192.0.2.1' })
  expect(clientAddress({ cf: { colo: 'LIS' }, headers } as unknown as Request)).toBe('203.0.113.9')
})
