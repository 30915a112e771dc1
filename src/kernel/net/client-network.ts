import ipaddr from 'ipaddr.js'
import { remembered } from '../remembered.ts'

/** Whoever comes without a proxy, from this machine. */
export const LOCAL = 'here'

/** What one customer is given of IPv6, in bits: with less, one could be as many clients as one likes. */
const IPV6_PREFIX = 64

/** What one site or provider is given of IPv6: 65,536 of these networks. */
const WIDE_PREFIX = 48

/**
 * Whom an address counts for, where clients are counted: an IPv4 address for itself, an IPv6 address for its /64. An
 * IPv4 address in IPv6 form is the IPv4 address.
 *
 * @param address as a proxy writes it, perhaps with a port; all that is no address counts together
 */
export function clientNetwork(address: string): string {
  // Most requests on one's own machine; to find that it is no address takes two exceptions.
  return address === LOCAL ? LOCAL : networkOf(withoutPort(address))
}

const networkOf = remembered((address) => {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString()
  const network = ipaddr.IPv6.networkAddressFromCIDR(
    `${parsed.toNormalizedString()}/${IPV6_PREFIX}`,
  )
  return `${network}/${IPV6_PREFIX}`
})

/** An address as proxies and platforms write it: in quotes, in brackets, with a port. */
export function withoutPort(written: string): string {
  const address = written.replace(/^"(.*)"$/, '$1')
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(address) ?? []
  return bracketed ?? address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}

/** The /48 around the network of an IPv6 address; any other network as it is. */
export const widerNetwork = remembered((network) => {
  const [address = '', prefix] = network.split('/')
  if (prefix !== String(IPV6_PREFIX) || !ipaddr.IPv6.isValid(address)) return network
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${WIDE_PREFIX}`)}/${WIDE_PREFIX}`
})

/** What is kept of IPv4 networks, in bits. */
const COARSE_IPV4 = 24

/**
 * A network as it is written down: an IPv4 address with its /24, an IPv6 address with its /48. It tells home from
 * elsewhere, and does not name one connection.
 *
 * @param network as `clientNetwork` returns it
 */
export function coarseNetwork(network: string): string {
  if (!ipaddr.IPv4.isValid(network)) return widerNetwork(network)
  return `${ipaddr.IPv4.networkAddressFromCIDR(`${network}/${COARSE_IPV4}`)}/${COARSE_IPV4}`
}
