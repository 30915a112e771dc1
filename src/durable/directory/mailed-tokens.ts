import type { MailedTokensRpc } from '../../contracts/directory.ts'
import type { Mail } from '../../kernel/mail.ts'
import type { Accounts } from '../../storage/directory/accounts.ts'
import {
  type EmailTokens,
  TOKEN_LIFETIME,
  type TokenPurpose,
} from '../../storage/directory/email-tokens.ts'
import type { MailBudgets } from '../../storage/directory/mail-budgets.ts'
import { rateLimited, StorageError } from '../../storage/error.ts'
import type { Mails } from './mails.ts'

/** Tokens that are mailed to accounts. */
export class MailedTokens implements MailedTokensRpc {
  readonly #table: EmailTokens
  readonly #accounts: Accounts
  readonly #mails: Mails
  readonly #budgets: MailBudgets

  constructor(table: EmailTokens, accounts: Accounts, mails: Mails, budgets: MailBudgets) {
    this.#table = table
    this.#accounts = accounts
    this.#mails = mails
    this.#budgets = budgets
  }

  put(purpose: TokenPurpose, did: string, hash: string, mail: Mail, spacing = 0): Promise<boolean> {
    return this.#mails.addWith(mail, purpose, TOKEN_LIFETIME, (queue) => {
      const account = this.#accounts.byDid(did)
      if (!account) throw new StorageError('AccountNotFound', 'Account not found')
      if (account.email !== mail.to) return false
      const newest = this.#table.newest(purpose, did)
      if (newest !== undefined && newest > Date.now() - spacing) return true
      const exceeded = this.#budgets.spend(mail.to, did)
      if (exceeded) {
        // Whoever asks for somebody else is not told what else was mailed to them.
        if (purpose !== 'reset_password') throw rateLimited(exceeded)
        this.#mails.noteDropped()
        return true
      }
      this.#table.put(purpose, did, hash)
      queue()
      return true
    })
  }

  handOut(purpose: TokenPurpose, did: string, hash: string, lifetime: number): void {
    if (!this.#accounts.byDid(did)) throw new StorageError('AccountNotFound', 'Account not found')
    this.#table.put(purpose, did, hash, lifetime)
  }

  find(purpose: TokenPurpose, hash: string, did?: string): string {
    return this.#table.find(purpose, hash, did)
  }

  consume(purpose: TokenPurpose, hash: string, did?: string): string {
    return this.#table.consume(purpose, hash, did)
  }
}
