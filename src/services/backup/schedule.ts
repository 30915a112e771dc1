/**
 * The backups that the Worker makes of itself, by its Cron trigger: what `cumulus backup` does (`run.ts`), within what
 * Cloudflare gives one trigger. The host is asked without HTTP, files go into a bucket that is bound, and a run that is not
 * done when its requests or its time are used up goes on at the next trigger, account by account: what is done is in the
 * mark that other runs of the program leave as well, so that each knows of the other. One trigger at a time is at work.
 * Names of the accounts, their keys and secrets are encrypted for a recipient; the Worker never has what opens them.
 */
import type { Config } from '../../kernel/config/config.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { BucketStore, PARTIAL } from './bucket-store.ts'
import { Budget, BudgetSpentError } from './budget.ts'
import { beginBackup } from './config.ts'
import { BackupError } from './errors.ts'
import { type BackupFiles, readSmall } from './files.ts'
import { FOLDERS, type ManifestAccount } from './format.ts'
import type { HostSecrets } from './host-secrets.ts'
import { OwnHost } from './own-host.ts'
import { pruneIfAlone } from './retention.ts'
import { BackupRun, type HostFacts, openFiles, previousEntries, writeManifest } from './run.ts'
import {
  type RunState,
  readState,
  type ScheduleState,
  type StoredState,
  writeState,
} from './schedule-state.ts'
import { type Mark, parseJson } from './shape.ts'

/** Longer than Cloudflare lets a trigger work, in ms. */
const LEASE = 16 * 60 * 1000

/** Triggers do not come on the dot, in ms. */
const EARLY = 10 * 60 * 1000

/** A mark that is older, in ms, counts as left by a run that was killed, and others may have removed what it names. */
const ABANDONED = 24 * 60 * 60 * 1000

/** How often it is written down what was done, in ms. */
const NOTE_EVERY = 10_000

const ACCOUNTS_AT_ONCE = 1
const BLOBS_AT_ONCE = 2

/**
 * Bytes of rows, and of a repository, of which a Worker has the memory: 128 MB. Rows are there as text and parsed, of a
 * repository the tree and the names of all blocks.
 */
const MAX_ROWS = 12 * 1024 * 1024
const MAX_REPOSITORY = 40 * 1024 * 1024

const MARK = `${FOLDERS.running}/schedule.json`

export interface ScheduleParts {
  config: Pick<Config, 'hostname' | 'publicUrl' | 'keySecret' | 'backups'>
  objects: HostObjects
  blobs: BlobStore
  bucket: R2Bucket | undefined
  secrets: HostSecrets
  /** ms that are worked; for tests. */
  time?: number
}

export type Outcome = 'not due' | 'busy' | 'to be continued' | 'done'

/** What a Cron trigger does. @throws BackupError and others, which are written down in the bucket as well */
export async function runSchedule(parts: ScheduleParts): Promise<Outcome> {
  const { bucket, config } = parts
  const { recipient } = config.backups
  if (!bucket) {
    throw new BackupError(
      'There is a Cron trigger, and no bucket for backups: bind one as BACKUPS in wrangler.toml, or remove [triggers].',
    )
  }
  const found = await readState(bucket)
  const { state } = found
  if (state.busyUntil > Date.now()) return 'busy'
  if (!isDue(state, config.backups.interval)) return 'not due'
  const lease = { ...state, busyUntil: Date.now() + LEASE }
  let stored = await writeState(bucket, { ...found, state: lease })
  if (!stored) return 'busy'
  const note = async (change: Partial<ScheduleState>) => {
    const { etag } = stored as StoredState
    stored =
      (await writeState(bucket, {
        etag,
        state: { ...(stored as StoredState).state, ...change },
      })) ?? stored
  }
  try {
    if (recipient === undefined) {
      throw new BackupError(
        'PDS_BACKUP_RECIPIENT is not set: without an age recipient there is nobody to encrypt for, and nothing is backed up.',
      )
    }
    const outcome = await work({ ...parts, bucket, recipient }, lease.run, (run) => note({ run }))
    if (outcome === 'to be continued') await note({ busyUntil: 0, error: null })
    else await note({ busyUntil: 0, error: null, run: null, last: outcome })
    return outcome === 'to be continued' ? outcome : 'done'
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    await note({ busyUntil: 0, error: { at: Date.now(), message } })
    throw error
  }
}

const isDue = ({ run, last, error }: ScheduleState, interval: number): boolean =>
  run !== null || error !== null || !last || Date.now() - last.startedAt >= interval - EARLY

type WorkParts = ScheduleParts & { bucket: R2Bucket; recipient: string }

async function work(
  parts: WorkParts,
  begun: RunState | null,
  noteRun: (run: RunState) => Promise<void>,
): Promise<'to be continued' | NonNullable<ScheduleState['last']>> {
  const { config, bucket, recipient, secrets } = parts
  const { requests, retention } = config.backups
  // Those for the state are not counted.
  const budget = new Budget(requests - 10, parts.time)
  const { spend, goOn } = budget
  const state: RunState = begun ?? {
    at: new Date().toISOString(),
    triggers: 0,
    accounts: 0,
    failed: [],
  }
  const store = new BucketStore(bucket, spend)
  await store.remove(...(await store.list(PARTIAL)).keys())
  const host = new OwnHost({ ...parts, spend })
  const files = await openFiles(store)
  const { sealer, root } = await beginBackup(files, {
    host: config.publicUrl,
    recipient,
    now: state.at,
    choose: () => Promise.reject(new BackupError('there is a recipient')),
  })
  const mark = await OwnMark.begin(files, begun !== null)
  const run = new BackupRun({
    host,
    files,
    sealer,
    before: await previousEntries(files, mark.before),
    done: { accounts: mark.done, failed: state.failed },
    accountsAtOnce: ACCOUNTS_AT_ONCE,
    blobsAtOnce: BLOBS_AT_ONCE,
    maxRows: MAX_ROWS,
    maxRepository: MAX_REPOSITORY,
    goOn,
    note: (entry) => mark.note(entry),
  })
  const runNow = (): RunState => ({
    at: state.at,
    triggers: state.triggers + 1,
    accounts: mark.accounts,
    failed: run.failed,
  })
  await noteRun(runNow())
  try {
    const facts = await host.command<HostFacts>('backup/begin')
    const rows = await run.whole()
    const about = { ...rows, kind: 'host', at: state.at, host: facts, secrets, root } as const
    const manifest = await writeManifest(run, files, sealer, about)
    await store.remove(MARK)
    await writeDown(parts, run.failed.length)
    return {
      startedAt: Date.parse(state.at),
      finishedAt: Date.now(),
      accounts: run.entries().length,
      failed: run.failed.length,
      why: run.failed[0] ? `${run.failed[0].did}: ${run.failed[0].why}` : null,
      manifest,
      notRemoved: retention ? await prune(files, retention) : null,
    }
  } catch (error) {
    if (!(error instanceof BudgetSpentError)) throw error
    await mark.write()
    await noteRun(runNow())
    return 'to be continued'
  }
}

/** In the audit log, as other backups are: `cumulus status` says when the last one was. */
async function writeDown({ objects }: ScheduleParts, failed: number): Promise<void> {
  const { audit } = objects.directory
  const id = await audit.begin({
    actor: 'schedule',
    action: 'command.backup',
    subject: null,
    account: null,
    detail: JSON.stringify(failed > 0 ? { failed } : {}),
    network: '',
  })
  await audit.finish(id, { outcome: 'done' })
}

/** @returns why nothing was removed */
async function prune(
  files: BackupFiles,
  retention: NonNullable<Config['backups']['retention']>,
): Promise<string | null> {
  try {
    return (await pruneIfAlone(files, retention, () => otherRun(files))).notRemoved
  } catch (error) {
    // The backup is there; the next run tries again.
    if (!(error instanceof BudgetSpentError)) return String(error)
    return 'PDS_BACKUP_REQUESTS are too few for it: `cumulus backup --keep-daily …` to the same bucket does it'
  }
}

async function otherRun(files: BackupFiles): Promise<string | undefined> {
  for (const name of (await files.store.list(FOLDERS.running)).keys()) {
    const mark = name === MARK ? undefined : await readMark(files, name)
    if (mark && Date.now() - Date.parse(mark.startedAt) < ABANDONED) return mark.startedAt
  }
  return undefined
}

async function readMark({ store }: BackupFiles, name: string): Promise<Mark | undefined> {
  const bytes = await readSmall(store, name, MAX_ROWS)
  return bytes && parseJson('mark', bytes.toString(), name)
}

/** What this run has done, as `cli/backup/running.ts` does it for the program: for the next trigger, and for other runs. */
class OwnMark {
  readonly #files: BackupFiles
  /** Accounts that this run has backed up. */
  readonly done: ManifestAccount[]
  /** Those that an earlier one has, which was given up. */
  readonly before: ManifestAccount[]
  #notedAt = 0

  private constructor(files: BackupFiles, done: ManifestAccount[], before: ManifestAccount[]) {
    this.#files = files
    this.done = done
    this.before = before
  }

  static async begin(files: BackupFiles, goesOn: boolean): Promise<OwnMark> {
    const left = await readMark(files, MARK).catch(() => undefined)
    const isFresh = left && Date.now() - Date.parse(left.startedAt) < ABANDONED
    const accounts = (left?.accounts ?? []).filter(({ index }) => files.hasObject(index))
    const mark =
      goesOn && isFresh ? new OwnMark(files, accounts, []) : new OwnMark(files, [], accounts)
    await mark.write()
    return mark
  }

  get accounts(): number {
    return this.done.length
  }

  async note(entry: ManifestAccount): Promise<void> {
    this.done.push(entry)
    if (Date.now() - this.#notedAt >= NOTE_EVERY) await this.write()
  }

  /** With the time of now: as long as triggers come, this is no run that was killed. */
  async write(): Promise<void> {
    this.#notedAt = Date.now()
    const mark: Mark = {
      startedAt: new Date().toISOString(),
      machine: 'cloudflare',
      pid: 1,
      accounts: this.done,
    }
    await this.#files.store.write(MARK, await this.#files.keep([Buffer.from(JSON.stringify(mark))]))
  }
}
