/** What is known of the backups that the Worker makes of itself: a file beside them, which is all the memory they have. */
import type { ScheduledBackup } from '../../contracts/host-report.ts'
import type { BackupConfig } from '../../kernel/config/backup-settings.ts'
import { DamagedFileError } from './errors.ts'
import { parseJson, type ScheduleState } from './shape.ts'

/** Longer than Cloudflare lets a trigger work, in ms. */
export const LEASE = 16 * 60 * 1000

/** Bytes of the state. */
const MAX_STATE = 12 * 1024 * 1024

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
    if (object.size > MAX_STATE) {
      await object.body.cancel()
      return { state: NOTHING, etag }
    }
    const { busyUntil, run, last, error } = parseJson('schedule', await object.text(), STATE)
    // Where a clock was wrong, or somebody else has written it, nothing waits for that time.
    const isBusy = busyUntil <= Date.now() + LEASE
    const isBegun = run !== null && Date.parse(run.at) <= Date.now() + LEASE
    return {
      state: { busyUntil: isBusy ? busyUntil : 0, run: isBegun ? run : null, last, error },
      etag,
    }
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error
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
