import { StorageError } from '../../storage/error.ts'

/**
 * Counts what ends the sessions of an account: a new password, a takedown, a deletion, the removal of what somebody
 * signs in with. A sign-in waits several times, for a hash or for another object. One that began before such an end
 * must not open a session after it, which the end could not have closed.
 */
export class SignOuts {
  #count = 0

  /** To be called in the same turn as the change. */
  add(): void {
    this.#count++
  }

  /** What `assertNoneSince` is given; to be read before anything is checked. */
  count(): number {
    return this.#count
  }

  /** To be called with nothing awaited before the session is stored. @throws StorageError `AuthenticationRequired` */
  assertNoneSince(count: number): void {
    if (this.#count === count) return
    throw new StorageError(
      'AuthenticationRequired',
      'The account was signed out everywhere meanwhile: sign in again',
      401,
    )
  }
}
