/** Who is signed in to the account pages. */
import { createHmac } from 'node:crypto'
import type { Services } from '../../context/services.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { readSessionCookie } from '../../server/session-cookie.ts'
import { unlessRefused } from '../../services/objects/result.ts'

export interface BrowserSession {
  did: string
  handle: string
  email: string | null
  /** Whether the address was confirmed. */
  emailConfirmed: boolean
  status: 'active' | 'deactivated' | 'takendown'
  /** Neither switched off nor taken down. */
  isActive: boolean
  /** When a passkey, an authenticator app or a recovery code was last shown, in ms since 1970; null: never. */
  factorAt: number | null
  /** Until when dangerous steps ask for no password, in ms since 1970. */
  freshUntil: number
  /** The secret in the cookie. */
  token: string
}

/** The session behind a request's cookie; undefined: nobody is signed in, or not any more. */
export async function browserSessionOf(
  request: Request,
  services: Services,
): Promise<BrowserSession | undefined> {
  const shown = readSessionCookie(request, services.config)
  return shown && sessionOf(services, shown.did, shown.token)
}

/** The session with a token. Whoever's account was taken down has one too, for taking the data away. */
export async function sessionOf(
  services: Services,
  did: string,
  token: string,
): Promise<BrowserSession | undefined> {
  // Asked for first: an object must not come to be because of what somebody wrote into a cookie.
  if (!(await services.accounts.find(did))) return undefined
  const account = await unlessRefused(services.account(did).browserSessions.find(token, true))
  if (!account) return undefined
  const { handle, email, emailConfirmedAt, status, freshUntil, factorAt } = account
  const emailConfirmed = emailConfirmedAt !== null
  const isActive = status === 'active'
  return { did, handle, email, emailConfirmed, status, isActive, factorAt, freshUntil, token }
}

export const isFresh = ({ freshUntil }: BrowserSession): boolean => freshUntil > Date.now()

/** CSRF token: what each form carries, so that no other site can send one. */
export const csrfTokenOf = ({ token }: Pick<BrowserSession, 'token'>): string =>
  createHmac('sha256', token).update('form').digest('base64url')

export const isCsrfToken = (session: BrowserSession, given: unknown): boolean =>
  typeof given === 'string' && equalSecrets(given, csrfTokenOf(session))
