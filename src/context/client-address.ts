import { LOCAL } from '../kernel/net/client-network.ts'

/**
 * The client's address, without a port. Cloudflare says it in a header that clients cannot set there. Plain
 * workerd listens on 127.0.0.1: the proxy in front appends it to X-Forwarded-For, and where there is none,
 * it is this machine.
 */
export function clientAddress({ cf, headers }: Request): string {
  if (cf && 'colo' in cf) return headers.get('cf-connecting-ip') ?? ''
  const forwarded = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim()
  return forwarded || LOCAL
}
