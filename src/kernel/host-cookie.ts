/** Cookies of this host: for itself alone, out of reach of scripts, and not with what other sites post. */

/** With the origin of the host. */
interface Host {
  publicUrl: string
}

const isSecure = ({ publicUrl }: Host): boolean => publicUrl.startsWith('https:')

/** `__Host-`: for this host alone, and over https alone, which a host on localhost has not got. */
const cookieName = (host: Host, name: string): string => `${isSecure(host) ? '__Host-' : ''}${name}`

/**
 * A `Set-Cookie`.
 *
 * @param value of characters that need no quoting
 * @param seconds that it lasts; 0 takes it away
 */
export const hostCookie = (host: Host, name: string, value: string, seconds: number): string =>
  `${cookieName(host, name)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax` +
  (isSecure(host) ? '; Secure' : '')

/** What a `Cookie` header says of one that `hostCookie` has set; undefined: nothing. */
export const readHostCookie = (
  host: Host,
  name: string,
  header: string | null,
): string | undefined => readCookie(cookieName(host, name), header)

/** What a `Cookie` header says under a name, the first time; undefined: nothing. */
export function readCookie(name: string, header: string | null | undefined): string | undefined {
  const prefix = `${name}=`
  const pairs = (header ?? '').split(/; */)
  return pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length)
}
