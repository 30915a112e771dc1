/** The cookie of somebody who is signed in to the account pages. */
import type { Config } from '../kernel/config/config.ts'
import { MAX_LIFETIME } from '../storage/account/browser-sessions.ts'

/** Whose session a browser shows, and its secret; nothing of it was looked at yet. */
export interface SessionCookie {
  did: string
  token: string
}

/** `__Host-`: for this host alone, and over https alone, which a host on localhost has not got. */
const isSecure = ({ publicUrl }: Pick<Config, 'publicUrl'>): boolean =>
  publicUrl.startsWith('https:')
const nameOf = (config: Pick<Config, 'publicUrl'>): string =>
  isSecure(config) ? '__Host-session' : 'session'

/** A `Set-Cookie` for a session that was opened. */
export const sessionCookie = (config: Config, { did, token }: SessionCookie): string =>
  cookie(config, `${did}.${token}`, MAX_LIFETIME / 1000)

/** A `Set-Cookie` that takes the cookie away. */
export const expiredSessionCookie = (config: Config): string => cookie(config, '', 0)

const cookie = (config: Config, value: string, seconds: number): string =>
  `${nameOf(config)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax` +
  (isSecure(config) ? '; Secure' : '')

/** What a request says. */
export function readSessionCookie(
  { headers }: Pick<Request, 'headers'>,
  config: Pick<Config, 'publicUrl'>,
): SessionCookie | undefined {
  const prefix = `${nameOf(config)}=`
  const value = (headers.get('cookie') ?? '')
    .split('; ')
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
  const dot = value?.lastIndexOf('.') ?? -1
  if (!value || dot < 0) return undefined
  return { did: value.slice(0, dot), token: value.slice(dot + 1) }
}
