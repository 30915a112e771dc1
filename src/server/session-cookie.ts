/** The cookie of somebody who is signed in to the account pages. */
import type { Config } from '../kernel/config/config.ts'
import { hostCookie, readHostCookie } from '../kernel/host-cookie.ts'
import { MAX_LIFETIME } from '../storage/account/browser-sessions.ts'

/** Whose session a browser shows, and its secret; nothing of it was looked at yet. */
export interface SessionCookie {
  did: string
  token: string
}

const NAME = 'session'

/** A `Set-Cookie` for a session that was opened. */
export const sessionCookie = (config: Config, { did, token }: SessionCookie): string =>
  hostCookie(config, NAME, `${did}.${token}`, MAX_LIFETIME / 1000)

/** A `Set-Cookie` that takes the cookie away. */
export const expiredSessionCookie = (config: Config): string => hostCookie(config, NAME, '', 0)

/** What a request says. */
export function readSessionCookie(
  { headers }: Pick<Request, 'headers'>,
  config: Pick<Config, 'publicUrl'>,
): SessionCookie | undefined {
  const value = readHostCookie(config, NAME, headers.get('cookie'))
  const dot = value?.lastIndexOf('.') ?? -1
  if (!value || dot < 0) return undefined
  return { did: value.slice(0, dot), token: value.slice(dot + 1) }
}
