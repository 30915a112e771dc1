import type { Config } from '../../kernel/config/config.ts'
import type { OperatorNames } from '../identity/operator-names.ts'
import type { PlcDirectory } from '../identity/plc.ts'
import type { IdentityResolver } from '../identity/resolver.ts'
import type { DiskSpace } from '../objects/disk-space.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { AccountLookup } from './account-lookup.ts'

/** What the account services are built on. */
export interface AccountDependencies {
  readonly config: Config
  readonly objects: Pick<HostObjects, 'account' | 'directory' | 'oauth'>
  readonly lookup: AccountLookup
  readonly identity: Pick<IdentityResolver, 'did' | 'handle' | 'invalidate'>
  readonly plc: PlcDirectory
  readonly operatorNames: OperatorNames
  readonly space: Pick<DiskSpace, 'assertRoom'>
  /**
   * Counts a sign-up for the client's network.
   *
   * @returns a hash of the network; undefined: nothing is limited
   * @throws RateLimitError
   */
  countSignUp(): Promise<string | undefined>
  /**
   * Begins to hash the password of a new account, where that keeps no thread of the server busy.
   *
   * @param network whose turn it is, among those that wait; undefined: the operator's
   * @returns as `PasswordHasher.hash`; undefined: the account's object is to hash it
   * @throws XRPCError `RateLimitExceeded` when too many wait
   */
  hashAhead(password: string, network: string | undefined): Promise<string> | undefined
  /** See `TryDependencies`. */
  countTry(subject: string): Promise<boolean>
  /** Keeps the isolate working after the answer was sent. */
  waitUntil(work: Promise<unknown>): void
}
