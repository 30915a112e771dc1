/** Whether an account has signed in with a browser before: a cookie that says so, and says nothing else. */
import { createHash, createHmac } from 'node:crypto'
import type { Config } from '../../kernel/config/config.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'

/** How long a browser is known after a sign-in, in seconds. */
const AGE = 365 * 24 * 60 * 60

type Settings = Pick<Config, 'jwtSecret' | 'publicUrl'>

/** @param cookie header of the request; empty: none */
export function isKnownBrowser(config: Settings, did: string, cookie: string): boolean {
  const name = nameOf(config, did)
  const given = cookie
    .split(/; */)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
  return equalSecrets(given ?? '', markOf(config, did))
}

/** `Set-Cookie` header that makes the browser known. */
export function knownBrowserCookie(config: Settings, did: string): string {
  const secure = isSecure(config) ? '; Secure' : ''
  return `${nameOf(config, did)}=${markOf(config, did)}; Path=/; Max-Age=${AGE}; HttpOnly; SameSite=Lax${secure}`
}

const markOf = ({ jwtSecret }: Settings, did: string): string =>
  createHmac('sha256', jwtSecret).update(`known browser of ${did}`).digest('base64url')

const isSecure = ({ publicUrl }: Settings): boolean => publicUrl.startsWith('https:')

/** One for each account that is used in a browser. */
const nameOf = (config: Settings, did: string): string =>
  `${isSecure(config) ? '__Host-' : ''}known-${createHash('sha256').update(did).digest('hex').slice(0, 16)}`
