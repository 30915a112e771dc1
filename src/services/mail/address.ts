/**
 * An account's address is in two places: in the directory, where it is unique and where mails are addressed
 * from, and with the account, which knows whether it was confirmed. A change begins in the directory, so that
 * what breaks off half way can be told, and made complete, by who next has to do with the address.
 */
import type { App } from '../../app.ts'
import type { Account } from '../../storage/account/profile.ts'
import { unwrap } from '../objects/result.ts'
import { hashToken } from './tokens.ts'

/** An account and its address; completes a change of it that broke off. @throws XRPCError `RepoNotFound` */
export async function readAddress(app: App, did: string): Promise<Account> {
  const stub = app.account(did)
  // In this order: the directory is never behind the account.
  const account = unwrap(await stub.getAccount())
  const email = (await app.directory.find('did', did))?.email
  if (email === undefined || email === null || email === account.email) return account
  unwrap(await stub.setEmail(email))
  return { ...account, email, emailConfirmedAt: null }
}

/**
 * Gives an account another address, which is then unconfirmed. All tokens mailed to it before end.
 *
 * @param email as `checkEmail` returns it
 * @param token for the change, used up if the change is made; undefined: none is needed
 * @throws XRPCError `InvalidRequest` when the address is taken, `InvalidToken`, `ExpiredToken`
 */
export async function changeAddress(
  app: App,
  did: string,
  email: string,
  token?: string,
): Promise<void> {
  const hash = token === undefined ? undefined : hashToken(app.config, 'update_email', token)
  unwrap(await app.directory.setEmail(did, email, hash))
  unwrap(await app.account(did).setEmail(email))
}
