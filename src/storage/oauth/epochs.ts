import { StorageError } from '../error.ts'

/**
 * How many times an account was signed out everywhere. What somebody begins in one epoch, a sign-in, a consent, the
 * exchange of a code, takes several requests to this object, and must not be completed in the next: the sign-out
 * between them could not know of it. No row stands for 0.
 */
export class Epochs {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  of(did: string): number {
    const [row] = this.#sql
      .exec<{ epoch: number }>('SELECT epoch FROM account_epoch WHERE did = ?', did)
      .toArray()
    return row?.epoch ?? 0
  }

  /** A new epoch begins. */
  advance(did: string): void {
    this.#sql.exec(
      `INSERT INTO account_epoch (did, epoch) VALUES (?, 1)
       ON CONFLICT (did) DO UPDATE SET epoch = epoch + 1`,
      did,
    )
  }

  /** @throws StorageError `InvalidGrant` when `epoch` is over */
  assertCurrent(did: string, epoch: number): void {
    if (this.of(did) === epoch) return
    throw new StorageError('InvalidGrant', 'The account was signed out meanwhile: sign in again')
  }
}
