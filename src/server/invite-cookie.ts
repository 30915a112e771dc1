/**
 * The invite code of an invitation that a browser has opened. The sign-up page of the OAuth provider has a field for
 * codes only where every sign-up takes one; where the operator approves sign-ups, this spares the wait.
 */
import type { Config } from '../kernel/config/config.ts'
import { hostCookie, readHostCookie } from '../kernel/host-cookie.ts'

const NAME = 'invite'

/** How long an invitation that was opened counts, in seconds. */
const LIFETIME = 60 * 60

/** What codes consist of: what is none is not kept. */
const CODE = /^[a-z0-9-]{1,100}$/i

/** What was given as a code, if it can be one. */
export const inviteCodeIn = (given: string | undefined): string | undefined =>
  given !== undefined && CODE.test(given) ? given : undefined

/** A `Set-Cookie` for an invitation. */
export const inviteCookie = (config: Pick<Config, 'publicUrl'>, code: string): string =>
  hostCookie(config, NAME, code, LIFETIME)

/** The code that a request's browser was invited with. */
export const readInviteCookie = (
  { headers }: Pick<Request, 'headers'>,
  config: Pick<Config, 'publicUrl'>,
): string | undefined => inviteCodeIn(readHostCookie(config, NAME, headers.get('cookie')))
