import ipaddr from 'ipaddr.js'

/** Names that lead to this machine or, being reserved for tests, to nowhere in the public DNS (RFC 6761). */
const LOCAL_NAMES = ['localhost', 'test']

/** Whether a host, as `URL` gives it, is this machine's own: reached by nobody else, whatever DNS says. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`))) return true
  const address = name.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}
