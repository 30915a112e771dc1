/**
 * What the object of one account answers, part by part: `account(did).repository.write(…)`. What the object
 * throws as a `StorageError` arrives as an `XRPCError` of the same name.
 */
import type { Charge } from '../storage/rate-counter.ts'
import type { RateLimitStatus } from '../storage/rate-limit.ts'
import type { RowCounts } from '../storage/sql.ts'
import type { KeysRpc, ServiceTokensRpc } from './account/keys.ts'
import type { EmailRpc, LifecycleRpc, PreferencesRpc, ProfileRpc } from './account/lifecycle.ts'
import type { ModerationRpc } from './account/moderation.ts'
import type { BlobsRpc, QuotaRpc, RepositoryRpc } from './account/repository.ts'
import type {
  AccessRpc,
  BrowserSessionsRpc,
  FactorsRpc,
  PasskeysRpc,
  PasswordsRpc,
  SessionsRpc,
} from './account/sign-in.ts'
import type { Answer } from './answer.ts'
import type { AccountRestoreRpc, BackupRpc } from './backup.ts'

export interface AccountRpc {
  readonly lifecycle: LifecycleRpc
  readonly profile: ProfileRpc
  readonly email: EmailRpc
  readonly preferences: PreferencesRpc
  readonly repository: RepositoryRpc
  readonly blobs: BlobsRpc
  readonly archives: ArchivesRpc
  readonly quota: QuotaRpc
  readonly moderation: ModerationRpc
  readonly keys: KeysRpc
  readonly serviceTokens: ServiceTokensRpc
  readonly sessions: SessionsRpc
  readonly passwords: PasswordsRpc
  readonly factors: FactorsRpc
  readonly passkeys: PasskeysRpc
  readonly browserSessions: BrowserSessionsRpc
  readonly access: AccessRpc
  readonly rateLimits: RateLimitsRpc
  readonly rowCounts: RowCountsRpc
  readonly backup: BackupRpc
  readonly restore: AccountRestoreRpc
}

/** Archives of everything that the account has here: one at a time. */
export interface ArchivesRpc {
  /** An archive is begun; one that is on its way is cut off, as whoever wanted it has begun anew. @returns its id */
  begin(): Answer<string>
  /** @throws StorageError `ArchiveReplaced` when another was begun meanwhile; `RepoNotFound` */
  assertCurrent(id: string): Answer<void>
}

export interface RateLimitsRpc {
  /** Counts what the account does often. */
  consume(charges: readonly Charge[]): Answer<RateLimitStatus | undefined>
}

/** Counted in development only. */
export interface RowCountsRpc {
  /** Rows read and written since this was last asked for. */
  take(): Answer<RowCounts>
}
