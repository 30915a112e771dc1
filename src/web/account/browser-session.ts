/** Who is signed in to the account page. The seam: nothing else knows by which cookie. */
import { createHmac } from 'node:crypto'
import type { App } from '../../app.ts'
import type { Config } from '../../kernel/config/config.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { LONGEST } from '../../storage/account/browser-sessions.ts'

export interface Visitor {
  did: string
  handle: string
  email: string | null
  /** Whether the address was confirmed. */
  emailConfirmed: boolean
  /** The secret in the cookie. */
  token: string
}

/** The visitor behind a request's cookie; undefined: nobody is signed in, or not any more. */
export async function visitorOf(request: Request, app: App): Promise<Visitor | undefined> {
  const { did, token } = readCookie(request, app.config) ?? {}
  if (did === undefined || token === undefined) return undefined
  // Asked for first: an object must not come to be because of what somebody wrote into a cookie.
  if (!(await app.findResident(did))) return undefined
  const outcome = await app.account(did).visitor(token)
  if (!outcome.ok || !outcome.value) return undefined
  const { handle, email, emailConfirmedAt } = outcome.value
  return { did, handle, email, emailConfirmed: emailConfirmedAt !== null, token }
}

/** `__Host-`: for this host alone, and over https alone, which a host on localhost has not got. */
const isSecure = ({ publicUrl }: Config): boolean => publicUrl.startsWith('https:')
const nameOf = (config: Config): string => (isSecure(config) ? '__Host-visit' : 'visit')

/** A `Set-Cookie` for a visit that was opened. */
export const visitCookie = (config: Config, did: string, token: string): string =>
  cookie(config, `${did}.${token}`, LONGEST / 1000)

/** A `Set-Cookie` that takes the cookie away. */
export const noVisitCookie = (config: Config): string => cookie(config, '', 0)

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

/** What each form of a visit carries, so that no other site can send one. */
export const formTokenOf = ({ token }: Pick<Visitor, 'token'>): string =>
  createHmac('sha256', token).update('form').digest('base64url')

export const isFormToken = (visitor: Visitor, given: unknown): boolean =>
  typeof given === 'string' && equalSecrets(given, formTokenOf(visitor))
