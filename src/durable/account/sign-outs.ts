import { StorageError } from '../../storage/error.ts'

const KEY = 'sign-outs'

/**
 * Counts what ends the sessions of an account: a new password, a takedown, a deletion, the removal of what somebody
 * signs in with. A sign-in waits several times, for a hash or for another object, and an upload for its bytes. What
 * began before such an end must not be completed after it, which the end could not have prevented.
 */
export class SignOuts {
  readonly #kv: SyncKvStorage | undefined
  #count: number | undefined

  /** @param kv where the count is kept; without it, in memory only */
  constructor(kv?: SyncKvStorage) {
    this.#kv = kv
  }

  /** To be called in the same turn as the change. */
  add(): void {
    this.#count = this.count() + 1
    this.#kv?.put(KEY, this.#count)
  }

  /** What `assertNoneSince` is given; to be read before anything is checked. */
  count(): number {
    this.#count ??= this.#kv?.get<number>(KEY) ?? 0
    return this.#count
  }

  /** To be called with nothing awaited before the change is stored. @throws StorageError `AuthenticationRequired` */
  assertNoneSince(count: number): void {
    if (this.count() === count) return
    throw new StorageError(
      'AuthenticationRequired',
      'The account was signed out everywhere meanwhile: sign in again',
      401,
    )
  }
}
