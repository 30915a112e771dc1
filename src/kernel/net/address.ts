/**
 * Which addresses strangers may send this host to. A DID document, a handle or a client's metadata URL
 * is written by anybody, and must not become a way into the operator's own network.
 *
 * This looks at the address as written. That a public name leads to a private address, at once or
 * only at the second look-up (DNS rebinding), is stopped further down: on plain workerd by its network
 * service, which connects to public addresses only (`allow` in cli/host/workerd-config.ts), on Cloudflare by the
 * platform, from where nothing private can be reached.
 */
import ipaddr from 'ipaddr.js'
import { NetworkError } from './network-error.ts'

/** Names that never lead to the public network (RFC 6761, RFC 6762, RFC 8375, RFC 9476, ICANN). */
const PRIVATE_DOMAINS = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'arpa',
  'test',
  'example',
  'invalid',
  'onion',
  'alt',
]

/** What the registries have given out as global unicast so far (RFC 4291); the rest is special or unused. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** Documentation (RFC 9637), and Teredo and 6to4, which carry an IPv4 address that might be private. */
const NOT_GLOBAL_IPV6 = ['3fff::/20', '2001::/32', '2002::/16'].map((range) =>
  ipaddr.IPv6.parseCIDR(range),
)

/**
 * The URL, if requests may go there: https, no credentials, a public host name or a public address.
 * Any port. With `reachPrivate` (development) also http and private addresses.
 *
 * @throws NetworkError `refused-address`
 */
export function checkAddress(input: string | URL, reachPrivate = false): URL {
  const url = URL.parse(input)
  if (!url) throw refused('not a URL')
  if (url.username !== '' || url.password !== '') throw refused('it holds credentials')
  if (reachPrivate && url.protocol === 'http:') return url
  if (url.protocol !== 'https:') throw refused('not https')
  if (!reachPrivate && !isPublicHost(url.hostname)) throw refused(`${url.hostname} is not public`)
  return url
}

/**
 * Whether a host, as `URL` gives it (lower case, odd notations of IPv4 resolved, IPv6 in brackets), is
 * public: a global unicast address, or a name of several labels that is not reserved.
 */
export function isPublicHost(host: string): boolean {
  if (host.startsWith('[')) return isPublicAddress(host.slice(1, -1))
  if (ipaddr.IPv4.isIPv4(host)) return isPublicAddress(host)
  const labels = host.replace(/\.$/, '').split('.')
  const top = labels.at(-1)
  return labels.length > 1 && top !== undefined && !PRIVATE_DOMAINS.includes(top)
}

function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text)
  if (address.range() !== 'unicast') return false
  if (!(address instanceof ipaddr.IPv6)) return true
  return address.match(GLOBAL_IPV6) && !NOT_GLOBAL_IPV6.some((range) => address.match(range))
}

const refused = (why: string) => new NetworkError('refused-address', `Address refused: ${why}`)
