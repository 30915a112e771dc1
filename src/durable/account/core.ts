import type { AnswerState } from '../../kernel/answer-state.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { PasswordHasher } from '../../kernel/crypto/password.ts'
import type { Quota } from '../../kernel/quota.ts'
import type { PlcDirectory } from '../../services/identity/plc.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { SignOuts } from './sign-outs.ts'

/** What each part of an account's object is given; whatever else it needs is named in its constructor. */
export interface AccountCore {
  readonly storage: DurableObjectStorage
  /** The object's database; in development it counts rows. */
  readonly sql: SqlStorage
  readonly config: Config
  /** The directory of did:plc identities. */
  readonly plc: PlcDirectory
  readonly profile: Profile
  /** Numbers what can be read, where whoever asks may see that it still holds. */
  readonly answers: AnswerState | undefined
  readonly signOuts: SignOuts
  readonly hasher: PasswordHasher
  /** What this account may store. */
  quota(): Quota
  /** To be called after a change that causes events or leaves blobs to be deleted: starts the background jobs. */
  changed(): void
  /** To be called in the turn of a change of what the directory's lists show: status, address, how one signs in. */
  factsChanged(): void
  /**
   * Resolves when the delivery of events that is under way is over, successful or not. For changes that listings
   * of all accounts are to show as soon as they are acknowledged.
   */
  delivered(): Promise<void>
}
