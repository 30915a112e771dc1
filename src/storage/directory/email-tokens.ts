import { StorageError } from '../error.ts'

/** What a mailed token is for. */
export type TokenPurpose =
  | 'confirm_email'
  | 'update_email'
  | 'reset_password'
  | 'delete_account'
  | 'plc_operation'
  | 'sign_in'

/** Lifetime of a token, in ms. */
export const TOKEN_LIFETIME = 15 * 60 * 1000

/** Expired tokens are kept for this time, in ms: `ExpiredToken` instead of `InvalidToken`. */
const KEEP_EXPIRED = 24 * 60 * 60 * 1000

/**
 * Tokens of one purpose that work at the same time, for one account. Whoever has others mailed to somebody does not
 * make the one worthless that its owner has just asked for.
 */
const MAX_VALID = 5

/** In the place of a time. */
const NOT_MAILED = 0

type Row = { purpose: string; did: string; hash: string; expires_at: number }

/** Tokens that were mailed, single-use: by hash, some for each purpose of an account. */
export class EmailTokens {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Stores a token; the oldest for the same purpose go when there are too many.
   *
   * @param handedOutFor ms that it is good for; it is not mailed, but given to its owner by the operator
   */
  put(purpose: TokenPurpose, did: string, hash: string, handedOutFor?: number): void {
    const now = Date.now()
    this.#sql.exec(
      `INSERT OR REPLACE INTO email_token (purpose, did, hash, expires_at, mailed_at)
         VALUES (?, ?, ?, ?, ?)`,
      purpose,
      did,
      hash,
      now + (handedOutFor ?? TOKEN_LIFETIME),
      handedOutFor === undefined ? now : NOT_MAILED,
    )
    this.#sql.exec(
      `DELETE FROM email_token WHERE hash IN (
         SELECT hash FROM email_token WHERE did = ? AND purpose = ?
         ORDER BY expires_at DESC LIMIT -1 OFFSET ?)`,
      did,
      purpose,
      MAX_VALID,
    )
  }

  /** When the newest token of a purpose was mailed, in ms since the epoch; undefined: there is none. */
  newest(purpose: TokenPurpose, did: string): number | undefined {
    const { newest } = this.#sql
      .exec<{ newest: number | null }>(
        `SELECT max(coalesce(mailed_at, expires_at - ?)) AS newest
         FROM email_token WHERE did = ? AND purpose = ?`,
        TOKEN_LIFETIME,
        did,
        purpose,
      )
      .one()
    return newest === null || newest === NOT_MAILED ? undefined : newest
  }

  /**
   * Looks a token up without using it.
   *
   * @param did the account it must belong to; undefined: any
   * @returns the DID of the account it was mailed to
   * @throws StorageError `InvalidToken`, `ExpiredToken`
   */
  find(purpose: TokenPurpose, hash: string, did?: string): string {
    const row = this.#sql
      .exec<Row>('SELECT * FROM email_token WHERE hash = ? AND purpose = ?', hash, purpose)
      .toArray()[0]
    if (!row || (did !== undefined && row.did !== did)) {
      throw new StorageError('InvalidToken', 'Token is invalid')
    }
    if (row.expires_at <= Date.now()) throw new StorageError('ExpiredToken', 'Token is expired')
    return row.did
  }

  /** Consumes a token, and all others that its account was mailed for the same purpose; for the rest as `find`. */
  consume(purpose: TokenPurpose, hash: string, did?: string): string {
    const owner = this.find(purpose, hash, did)
    this.#sql.exec('DELETE FROM email_token WHERE did = ? AND purpose = ?', owner, purpose)
    return owner
  }

  /** Revokes all tokens of an account. */
  revokeAll(did: string): void {
    this.#sql.exec('DELETE FROM email_token WHERE did = ?', did)
  }

  /** Removes tokens that expired a while ago. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM email_token WHERE expires_at < ?', now - KEEP_EXPIRED)
  }
}
