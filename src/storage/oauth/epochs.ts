import { StorageError } from '../error.ts'

/** How long the epoch of an account that is gone is kept, in ms: longer than anything that was begun in it lasts. */
const FORGOTTEN_AFTER = 24 * 60 * 60 * 1000

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

  /** A new epoch begins. @param isGone the account was deleted: in a day nobody can be in the middle of anything */
  advance(did: string, isGone = false): void {
    this.#sql.exec(
      `INSERT INTO account_epoch (did, epoch, forget_at) VALUES (?1, 1, ?2)
       ON CONFLICT (did) DO UPDATE SET epoch = epoch + 1, forget_at = ?2`,
      did,
      isGone ? Date.now() + FORGOTTEN_AFTER : null,
    )
  }

  /** Forgets accounts that are gone. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM account_epoch WHERE forget_at <= ?', now)
  }

  /** @throws StorageError `InvalidGrant` when `epoch` is over */
  assertCurrent(did: string, epoch: number): void {
    if (this.of(did) === epoch) return
    throw new StorageError('InvalidGrant', 'The account was signed out meanwhile: sign in again')
  }
}
