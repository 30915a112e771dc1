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
import { BackupError, RefusedError } from './errors.ts'
import type { BackupFiles } from './files.ts'
import type { HostSecrets } from './host-secrets.ts'
import { OwnHost } from './own-host.ts'
import { pruneIfAlone } from './retention.ts'
import { BackupRun, type HostFacts, openFiles, previousEntries, writeManifest } from './run.ts'
import { OwnMark, otherRun } from './running.ts'
import { LEASE, readState, type StoredState, writeState } from './schedule-state.ts'
import type { RunState, ScheduleState } from './shape.ts'

/** Triggers do not come on the dot, in ms. */
const EARLY = 10 * 60 * 1000

const ACCOUNTS_AT_ONCE = 1
const BLOBS_AT_ONCE = 2

/**
 * Bytes of rows, and of a repository, of which a Worker has the memory: 128 MB. Rows are there as text and parsed, of a
 * repository the tree and the names of all blocks.
 */
const MAX_ROWS = 12 * 1024 * 1024
const MAX_REPOSITORY = 40 * 1024 * 1024
/** The same of a manifest, or of the index of an account. */
const MAX_AT_ONCE = 24 * 1024 * 1024

/** How often a trigger may have ended at an account, after one that has ended anywhere, before that is left out. */
const TRIES = 2

/** Characters of an error that are kept. */
const MAX_MESSAGE = 500

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
    // A trigger that was killed did not say so.
    const isCareful = state.error !== null || state.busyUntil > 0
    const begun = { run: state.run, isCareful, note: (run: RunState) => note({ run }) }
    const outcome = await work({ ...parts, bucket, recipient }, begun)
    if (outcome === 'to be continued') {
      await note({ busyUntil: 0, error: null })
      return outcome
    }
    const { last, files } = outcome
    // What is removed is no reason to do it all again, if this is killed.
    await note({ error: null, run: null, last })
    const { retention } = config.backups
    const notRemoved = retention ? await prune(files, retention) : null
    await note({ busyUntil: 0, last: { ...last, notRemoved } })
    return 'done'
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, MAX_MESSAGE)
    await note({ busyUntil: 0, error: { at: Date.now(), message } })
    throw error
  }
}

const isDue = ({ run, last, error }: ScheduleState, interval: number): boolean =>
  run !== null ||
  error !== null ||
  !last ||
  // Nor is one of tomorrow believed for ever.
  Math.abs(Date.now() - last.startedAt) >= interval - EARLY

type WorkParts = ScheduleParts & { bucket: R2Bucket; recipient: string }

interface Begun {
  /** The run that is gone on with. */
  run: RunState | null
  /** The trigger before this one failed or was killed: it is written down at which account one is. */
  isCareful: boolean
  note(run: RunState): Promise<void>
}

async function work(
  parts: WorkParts,
  { run: begun, isCareful, note }: Begun,
): Promise<'to be continued' | { last: NonNullable<ScheduleState['last']>; files: BackupFiles }> {
  const { config, bucket, recipient, secrets } = parts
  const { requests } = config.backups
  // Those for the state are not counted.
  const budget = new Budget(requests - 10, parts.time)
  const { spend, goOn } = budget
  const state: RunState = begun ?? {
    at: new Date().toISOString(),
    triggers: 0,
    accounts: 0,
    failed: [],
    trying: null,
  }
  const store = new BucketStore(bucket, spend)
  await store.remove(...(await store.list(PARTIAL)).keys())
  const host = new OwnHost({ ...parts, spend })
  const files = await openFiles(store, MAX_AT_ONCE)
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
    async onBegin(did) {
      if (!isCareful) return
      const times = state.trying?.did === did ? state.trying.times : 0
      if (times >= TRIES) throw new RefusedError(500, 'GivenUp', GIVEN_UP)
      spend()
      await note({ ...runNow(), trying: { did, times: times + 1 } })
    },
    note: (entry) => mark.note(entry),
  })
  const runNow = (): RunState => ({
    at: state.at,
    triggers: state.triggers + 1,
    accounts: mark.accounts,
    failed: run.failed,
    trying: state.trying,
  })
  await note(runNow())
  const before = mark.accounts + run.failed.length
  try {
    const facts = await host.command<HostFacts>('backup/begin')
    const rows = await run.whole()
    const about = { ...rows, kind: 'host', at: state.at, host: facts, secrets, root } as const
    const manifest = await writeManifest(run, files, sealer, about)
    await mark.end()
    await writeDown(parts, run.failed.length)
    const last = {
      startedAt: Date.parse(state.at),
      finishedAt: Date.now(),
      accounts: run.entries().length,
      failed: run.failed.length,
      why: run.failed[0] ? `${run.failed[0].did}: ${run.failed[0].why}` : null,
      manifest,
      notRemoved: null,
    }
    return { last, files }
  } catch (error) {
    if (!(error instanceof BudgetSpentError)) throw error
    if (mark.accounts + run.failed.length === before && files.written === 0) {
      throw new BackupError(
        `The requests of a trigger (PDS_BACKUP_REQUESTS: ${requests}), or its time, were used up before anything was backed up: ` +
          'set that as high as your plan allows, or run cumulus backup on a machine.',
      )
    }
    await mark.write()
    await note({ ...runNow(), trying: null })
    return 'to be continued'
  }
}

const GIVEN_UP =
  'triggers ended while it was backed up, one after the other: `npx wrangler tail` says more, and `cumulus backup` on a machine ' +
  'may do it'

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
