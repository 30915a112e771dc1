import ipaddr from 'ipaddr.js'
import { LOCAL, withoutPort } from '../kernel/net/client-network.ts'
import { remembered } from '../kernel/remembered.ts'

/** Where a reverse proxy may be: on this machine, or in the network of the operator (a container, a load balancer). */
const PROXY_RANGES = ['loopback', 'private', 'uniqueLocal', 'linkLocal']

/** How many addresses of `X-Forwarded-For` are looked at: nobody has more proxies one behind the other. */
const MAX_PROXIES = 10

/**
 * The client's address, perhaps with a port. Cloudflare says it in a header that clients cannot set there. Plain
 * workerd knows who is connected. Proxies in front append whom they answer to `X-Forwarded-For`: the last one there
 * that is no proxy itself is the client. What a public address says is not believed. Where no proxy is, it is this
 * machine.
 */
export function clientAddress({ cf, headers }: Request): string {
  if (cf && 'colo' in cf) return headers.get('cf-connecting-ip') ?? ''
  const peer = cf && 'clientIp' in cf ? String(cf.clientIp) : undefined
  if (peer !== undefined && !mayBeProxy(peer)) return peer
  const forwarded = headers.get('x-forwarded-for')?.split(',').slice(-MAX_PROXIES) ?? []
  const addresses = forwarded.map((address) => address.trim()).filter((address) => address !== '')
  const client = addresses.findLast((address) => !mayBeProxy(address)) ?? addresses[0]
  return client ?? (peer === undefined || isOfThisMachine(peer) ? LOCAL : peer)
}

const mayBeProxy = remembered((address) => PROXY_RANGES.includes(rangeOf(address)))

const isOfThisMachine = remembered((address) => rangeOf(address) === 'loopback')

function rangeOf(address: string): string {
  const bare = withoutPort(address)
  return ipaddr.isValid(bare) ? ipaddr.process(bare).range() : 'none'
}
