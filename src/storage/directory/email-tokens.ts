import { StorageError } from '../error.ts'

/** What somebody proves with a token that was mailed to them. */
export type TokenPurpose =
  | 'confirm_email'
  | 'update_email'
  | 'reset_password'
  | 'delete_account'
  | 'plc_operation'
  | 'sign_in'

/** How long a token is good for, in ms. */
export const TOKEN_LIFETIME = 15 * 60 * 1000

/** How long a token that has expired is still told from one that never was, in ms. */
const MEMORY = 24 * 60 * 60 * 1000

type Row = { purpose: string; did: string; hash: string; expires_at: number }

/** Tokens that were mailed: one for each purpose of an account, by their hash. Each works once. */
export class EmailTokens {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Keeps a token; the one before it for the same purpose works no more. */
  put(purpose: TokenPurpose, did: string, hash: string): void {
    const now = Date.now()
    this.#sql.exec('DELETE FROM email_token WHERE expires_at < ?', now - MEMORY)
    this.#sql.exec(
      'INSERT OR REPLACE INTO email_token (purpose, did, hash, expires_at) VALUES (?, ?, ?, ?)',
      purpose,
      did,
      hash,
      now + TOKEN_LIFETIME,
    )
  }

  /**
   * Uses a token up.
   *
   * @param did whose it must be; undefined: whosever it is
   * @returns the DID of the account it was mailed to
   * @throws StorageError `InvalidToken`, `ExpiredToken`
   */
  consume(purpose: TokenPurpose, hash: string, did?: string): string {
    const row = this.#sql
      .exec<Row>('SELECT * FROM email_token WHERE hash = ? AND purpose = ?', hash, purpose)
      .toArray()[0]
    if (!row || (did !== undefined && row.did !== did)) {
      throw new StorageError('InvalidToken', 'Token is invalid')
    }
    if (row.expires_at <= Date.now()) throw new StorageError('ExpiredToken', 'Token is expired')
    this.#sql.exec('DELETE FROM email_token WHERE hash = ?', hash)
    return row.did
  }

  /** Makes all tokens of an account worthless. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM email_token WHERE did = ?', did)
  }
}
