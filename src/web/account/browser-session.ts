/** Who is signed in to the account page, by a cookie that only this file knows. */
import { createHmac } from 'node:crypto'
import type { Services } from '../../context/services.ts'
import type { Config } from '../../kernel/config/config.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { unlessRefused } from '../../services/objects/result.ts'
import { MAX_LIFETIME } from '../../storage/account/browser-sessions.ts'

export interface BrowserSession {
  did: string
  handle: string
  email: string | null
  /** Whether the address was confirmed. */
  emailConfirmed: boolean
  /** Neither switched off nor taken down. */
  isActive: boolean
  /** When a passkey, an authenticator app or a recovery code was last shown, in ms since 1970; null: never. */
  factorAt: number | null
  /** The secret in the cookie. */
  token: string
}

/** The session behind a request's cookie; undefined: nobody is signed in, or not any more. */
export async function browserSessionOf(
  request: Request,
  services: Services,
): Promise<BrowserSession | undefined> {
  const { did, token } = readCookie(request, services.config) ?? {}
  if (did === undefined || token === undefined) return undefined
  // Asked for first: an object must not come to be because of what somebody wrote into a cookie.
  if (!(await services.accounts.find(did))) return undefined
  const account = await unlessRefused(services.account(did).browserSessions.find(token))
  if (!account) return undefined
  const { handle, email, emailConfirmedAt, status, factorAt } = account
  const emailConfirmed = emailConfirmedAt !== null
  return { did, handle, email, emailConfirmed, isActive: status === 'active', factorAt, token }
}

/** `__Host-`: for this host alone, and over https alone, which a host on localhost has not got. */
const isSecure = ({ publicUrl }: Config): boolean => publicUrl.startsWith('https:')
const nameOf = (config: Config): string => (isSecure(config) ? '__Host-session' : 'session')

/** A `Set-Cookie` for a session that was opened. */
export const sessionCookie = (config: Config, did: string, token: string): string =>
  cookie(config, `${did}.${token}`, MAX_LIFETIME / 1000)

/** A `Set-Cookie` that takes the cookie away. */
export const expiredSessionCookie = (config: Config): string => cookie(config, '', 0)

const cookie = (config: Config, value: string, seconds: number): string =>
  `${nameOf(config)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax` +
  (isSecure(config) ? '; Secure' : '')

function readCookie(
  { headers }: Request,
  config: Config,
): { did: string; token: string } | undefined {
  const prefix = `${nameOf(config)}=`
  const value = (headers.get('cookie') ?? '')
    .split('; ')
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
  const dot = value?.lastIndexOf('.') ?? -1
  if (!value || dot < 0) return undefined
  return { did: value.slice(0, dot), token: value.slice(dot + 1) }
}

/** CSRF token: what each form carries, so that no other site can send one. */
export const csrfTokenOf = ({ token }: Pick<BrowserSession, 'token'>): string =>
  createHmac('sha256', token).update('form').digest('base64url')

export const isCsrfToken = (session: BrowserSession, given: unknown): boolean =>
  typeof given === 'string' && equalSecrets(given, csrfTokenOf(session))
