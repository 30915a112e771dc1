/**
 * Content security policies that name files. `'self'` would be too much: this host also serves what people upload, and
 * what other services answer.
 */
import type { Config } from '../kernel/config/config.ts'

/** A picture of the settings as sources of a policy: that file and no other. Policies have no syntax for queries. */
export const brandImage = (url: string | undefined): string[] =>
  url === undefined ? [] : [withoutQuery(url)]

export const withoutQuery = (url: string): string => url.replace(/[?#].*$/, '')

/**
 * Paths of this host as sources of a policy (Content Security Policy Level 3, Source Lists). A path that ends with a
 * slash stands for all below it. Without a scheme, since a proxy may have taken the TLS off.
 */
export function ownSources(
  request: Request,
  { publicUrl }: Pick<Config, 'publicUrl'>,
  paths: readonly string[],
): string {
  const hosts = new Set([new URL(publicUrl).host, new URL(request.url).host])
  // Policies have no syntax for IPv6 addresses, under which a host is at most tried out.
  if ([...hosts].some((host) => host.startsWith('['))) return "'self'"
  return [...hosts].flatMap((host) => paths.map((path) => host + path)).join(' ')
}
