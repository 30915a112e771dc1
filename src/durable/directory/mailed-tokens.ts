import type { MailedTokensRpc } from '../../contracts/directory.ts'
import type { Accounts, HostedAccount } from '../../storage/directory/accounts.ts'
import type { EmailTokens, TokenPurpose } from '../../storage/directory/email-tokens.ts'
import { StorageError } from '../../storage/error.ts'

/** Tokens that are mailed to accounts. */
export class MailedTokens implements MailedTokensRpc {
  readonly #table: EmailTokens
  readonly #accounts: Accounts

  constructor(table: EmailTokens, accounts: Accounts) {
    this.#table = table
    this.#accounts = accounts
  }

  put(
    purpose: TokenPurpose,
    did: string,
    hash: string,
    spacing = 0,
  ): (HostedAccount & { email: string }) | undefined {
    const account = this.#accounts.byDid(did)
    if (!account) throw new StorageError('AccountNotFound', 'Account not found')
    const { email } = account
    if (email === null) {
      throw new StorageError('InvalidRequest', 'account does not have an email address')
    }
    const newest = this.#table.newest(purpose, did)
    if (newest !== undefined && newest > Date.now() - spacing) return undefined
    this.#table.put(purpose, did, hash)
    return { ...account, email }
  }

  find(purpose: TokenPurpose, hash: string, did?: string): string {
    return this.#table.find(purpose, hash, did)
  }

  consume(purpose: TokenPurpose, hash: string, did?: string): string {
    return this.#table.consume(purpose, hash, did)
  }
}
