/** What is known of the backups that the Worker makes of itself: a file beside them, which is all the memory they have. */
import type { ScheduledBackup } from '../../contracts/host-report.ts'
import type { BackupConfig } from '../../kernel/config/backup-settings.ts'
import type { FailedAccount } from './run.ts'

/** The run that is under way: it may take several triggers. */
export interface RunState {
  /** When it began, ISO 8601. */
  at: string
  /** Triggers that have worked on it. */
  triggers: number
  /** Accounts that are backed up. */
  accounts: number
  failed: FailedAccount[]
}

export interface ScheduleState extends Pick<ScheduledBackup, 'last' | 'error'> {
  /** ms since 1970; until then, somebody is at work. */
  busyUntil: number
  run: RunState | null
}

const STATE = 'schedule.json'

const NOTHING: ScheduleState = { busyUntil: 0, run: null, last: null, error: null }

export interface StoredState {
  state: ScheduleState
  /** null: there is none. */
  etag: string | null
}

export async function readState(bucket: R2Bucket): Promise<StoredState> {
  const object = await bucket.get(STATE)
  if (!object) return { state: NOTHING, etag: null }
  const { etag } = object
  try {
    return { state: { ...NOTHING, ...((await object.json()) as Partial<ScheduleState>) }, etag }
  } catch {
    // Whoever has written it, a run begins anew.
    return { state: NOTHING, etag }
  }
}

/** @returns undefined where another one has written meanwhile */
export async function writeState(
  bucket: R2Bucket,
  { state, etag }: StoredState,
): Promise<StoredState | undefined> {
  const onlyIf = etag === null ? { etagDoesNotMatch: '*' } : { etagMatches: etag }
  const written = await bucket.put(STATE, JSON.stringify(state), { onlyIf })
  return written ? { state, etag: written.etag } : undefined
}

/** As operators see it. @returns undefined where the Worker is not set up to back itself up */
export async function viewSchedule(
  bucket: R2Bucket | undefined,
  { recipient, interval }: BackupConfig,
): Promise<ScheduledBackup | undefined> {
  if (!bucket) {
    if (recipient === undefined) return undefined
    const message =
      'PDS_BACKUP_RECIPIENT is set, and no bucket BACKUPS is bound: elsewhere than on Cloudflare, run cumulus backup --every'
    return { interval, run: null, last: null, error: { at: Date.now(), message } }
  }
  const { run, last, error } = (await readState(bucket)).state
  const shown = run && { at: run.at, triggers: run.triggers, accounts: run.accounts }
  return { interval, run: shown, last, error }
}
