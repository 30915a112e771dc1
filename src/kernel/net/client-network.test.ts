import { expect, test } from 'vitest'
import { clientNetwork, widerNetwork } from './client-network.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['203.0.113.7:4711', '203.0.113.7'],
  ['"[2001:db8:1:2::9]:4711"', '2001:db8:1:2::/64'],
  ['here', 'here'],
  ['', 'unknown'],
  ['_hidden', 'unknown'],
  ['203.0.113.7:port', 'unknown'],
])('%s counts for %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:db8:1:ffff::/64', '2001:db8:1::/48'],
  ['2001:db8:2::/64', '2001:db8:2::/48'],
  ['here/64', 'here/64'],
  ['', ''],
])('around %s is %s', (network, wider) => {
  expect(widerNetwork(network)).toBe(wider)
})
