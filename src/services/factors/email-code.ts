/** Codes by mail, for those who have asked to be asked for one at sign-in. */
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { enforceLimits } from '../../server/limits/enforce.ts'
import { mailLimits } from '../../server/limits/policy.ts'
import { readAddress } from '../mail/address.ts'
import { mailerOf } from '../mail/mailer.ts'
import { consumeToken, sendToken } from '../mail/tokens.ts'
import { unwrap } from '../objects/result.ts'

/**
 * Mails a code to somebody whose password was right, if their account asks for one. Mails are counted with the
 * account's others. Where an authenticator app is another way in, a mail that cannot be sent stops nobody.
 *
 * @throws XRPCError `RateLimitExceeded`, `InvalidRequest` when this host sends no mail
 */
export async function mailSignInCode(app: App, did: string): Promise<void> {
  const { email, totp } = unwrap(await app.account(did).factors())
  if (!email) return
  try {
    await enforceLimits(mailLimits, { auth: { did }, input: undefined }, app)
    await sendToken(app, did, 'sign_in')
  } catch (error) {
    if (!totp || !(error instanceof XRPCError)) throw error
    app.log.error('could not mail a sign-in code', error, { did })
  }
}

/**
 * Switches codes by mail on or off (`emailAuthFactor`). On is for a host that sends mail, and an address that was
 * confirmed. Off takes a token for `update_email` where codes are asked for: a session alone must not do.
 *
 * @throws XRPCError `InvalidRequest`, `InvalidToken`, `ExpiredToken`
 */
export async function setEmailFactor(
  app: App,
  did: string,
  on: boolean,
  token?: string,
): Promise<void> {
  const { emailAuthFactor: before, email } = await readAddress(app, did)
  if (before === on) return
  if (on) {
    mailerOf(app)
    if (email === null) throw new InvalidRequestError('The account has no email address')
  } else if (token === undefined) {
    throw new XRPCError(400, 'confirmation token required', 'TokenRequired')
  } else {
    await consumeToken(app, 'update_email', token, did)
  }
  unwrap(await app.account(did).setEmailFactor(on))
}
