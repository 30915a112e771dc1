import { ForbiddenError, XRPCError } from '@atproto/xrpc-server'
import type { RequestUrl } from '../context/request-url.ts'
import type { Config } from '../kernel/config/config.ts'
import { isLoopback } from '../kernel/loopback.ts'

/** What is served under the handles of accounts: what says whose they are (handle and did:web specifications). */
const UNDER_HANDLES = ['/.well-known/atproto-did', '/.well-known/did.json']

type Names = Pick<Config, 'devMode' | 'hostname' | 'handleDomains' | 'publicUrl'>

/** The name that this host was asked by; the dot that a full name may end with makes none other of it. */
export const hostOf = ({ hostname }: Pick<RequestUrl, 'hostname'>): string =>
  hostname.replace(/\.$/, '')

/**
 * Whether a host answers under the name that it was asked by.
 *
 * Under a handle it says whose handle that is, and no more: what runs there would run in the name of the account's
 * owner, and apps would find an authorization server of another name.
 *
 * In development it answers under names of this machine only, and those of its accounts. Otherwise a site could let
 * its own name lead here (DNS rebinding), and its scripts would read what is meant for the developer.
 *
 * @throws ForbiddenError, or XRPCError 404 `NotFound`
 */
export function assertHost(url: RequestUrl, names: Names): void {
  const { devMode, hostname, handleDomains, publicUrl } = names
  const host = hostOf(url)
  if (host === hostname) return
  if (handleDomains.some((domain) => host.endsWith(domain))) {
    if (UNDER_HANDLES.includes(url.pathname)) return
    throw new XRPCError(404, `${host} is a handle: this host is at ${publicUrl}`, 'NotFound')
  }
  if (!devMode || isLoopback(host)) return
  throw new ForbiddenError('In development this host answers on localhost only', 'Forbidden')
}
