/**
 * Tokens that prove who reads an account's mail: `XXXXX-XXXXX` in base32, for one purpose, once, within
 * fifteen minutes. Only a hash is kept, which says nothing without the host's secret: of 50 bits alone, every
 * one could be tried.
 */
import { createHmac } from 'node:crypto'
import type { App } from '../../app.ts'
import type { Config } from '../../kernel/config/config.ts'
import { makeShortCode } from '../../kernel/crypto/short-code.ts'
import type { TokenPurpose } from '../../storage/directory/email-tokens.ts'
import { unwrap } from '../objects/result.ts'
import { mailerOf } from './mailer.ts'
import { composeTokenMail } from './token-mail.ts'

/**
 * Mails a new token to an account. The one before it for the same purpose works no more.
 *
 * @throws XRPCError `InvalidRequest` when this host sends no mail or the account has no address,
 *   `AccountNotFound`
 */
export async function sendToken(app: App, did: string, purpose: TokenPurpose): Promise<void> {
  const { config, directory } = app
  // Asked for first: a host that cannot send a new token leaves the old one alone.
  const mailer = mailerOf(app)
  const token = makeShortCode().toUpperCase()
  const stored = await directory.putToken(purpose, did, hashToken(config, purpose, token))
  const { handle, email } = unwrap(stored)
  const { hostname, mailFrom: from } = config
  await mailer.send(composeTokenMail(purpose, { hostname, handle, from, to: email, token }))
}

/**
 * Uses a token up. Of several callers with the same token, one gets through.
 *
 * @param token as it was typed
 * @param did whose it must be; undefined: whosever it is
 * @returns the DID of the account it was mailed to
 * @throws XRPCError `InvalidToken`, `ExpiredToken`
 */
export async function consumeToken(
  app: App,
  purpose: TokenPurpose,
  token: string,
  did?: string,
): Promise<string> {
  const hash = hashToken(app.config, purpose, token)
  return unwrap(await app.directory.consumeToken(purpose, hash, did))
}

/** What is kept of a token. Case, blanks and the dash do not count. */
export function hashToken(
  { jwtSecret }: Pick<Config, 'jwtSecret'>,
  purpose: TokenPurpose,
  token: string,
): string {
  const typed = token.replace(/[\s-]/g, '').toUpperCase()
  return createHmac('sha256', jwtSecret).update(`email token\0${purpose}\0${typed}`).digest('hex')
}
