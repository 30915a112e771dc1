/** One run of a backup: of a whole host, or of one account. */

import { randomUUID } from 'node:crypto'
import { beginBackup } from '../../src/services/backup/config.ts'
import type { HostSecrets } from '../../src/services/backup/host-secrets.ts'
import { pruneIfAlone, type Retention } from '../../src/services/backup/retention.ts'
import {
  BackupRun,
  type FailedAccount,
  type HostFacts,
  openFiles,
  previousEntries,
  writeManifest,
} from '../../src/services/backup/run.ts'
import type { BackupStore } from '../../src/services/backup/store.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Progress } from '../terminal/progress.ts'
import { chooseIdentity } from './config.ts'
import { type HostClient, namesThere } from './host-client.ts'
import { RunningMark } from './running.ts'

const ACCOUNTS_AT_ONCE = 3
const BLOBS_AT_ONCE = 4

export interface BackupOptions {
  host: HostClient
  store: BackupStore
  /** Handle or DID; undefined: the whole host. */
  account: string | undefined
  recipient: string | undefined
  passphraseFile: string | undefined
  /** Those of the host with a fingerprint. @throws CommandError where they must be known and are not */
  secrets(fingerprint: string): HostSecrets | undefined
  retention: Retention | undefined
  progress: Progress
}

export interface BackupReport {
  manifest: string
  at: string
  accounts: number
  /** Accounts that have changed since the last run. */
  changed: number
  records: number
  blobs: number
  /** Blobs that records name and the host does not have. */
  missingBlobs: number
  /** Accounts that could not be backed up: what an earlier run has of them stays. */
  failed: FailedAccount[]
  /** Bytes that were written. */
  written: number
  removed: { runs: number; files: number } | null
  /** Why nothing was removed, if something should have been. */
  notRemoved: string | null
}

/** @throws CommandError, BackupError, RefusedError, DamagedFileError */
export async function runBackup(options: BackupOptions): Promise<BackupReport> {
  const { host, store, account, progress, retention } = options
  const facts = await host.command<HostFacts>('backup/begin', account ? { account } : {})
  const secrets = options.secrets(facts.keyFingerprint)
  const at = new Date().toISOString()
  const files = await openFiles(store)
  const { sealer, root } = await beginBackup(files, {
    host: facts.publicUrl,
    recipient: options.recipient,
    now: at,
    choose: () => chooseIdentity(options.passphraseFile),
  })
  const mark = await RunningMark.begin(files, at, randomUUID())
  const run = new BackupRun({
    host,
    files,
    sealer,
    before: await previousEntries(files, mark.abandoned()),
    accountsAtOnce: ACCOUNTS_AT_ONCE,
    blobsAtOnce: BLOBS_AT_ONCE,
    note: (entry) => mark.note(entry),
    onAccount: () => progress.advance(),
    onBlob: (size) => progress.advance(0, `blob of ${size} bytes`),
  })
  const rows = account
    ? await one(run, host, account).then(() => ({ objects: {}, seq: 0 }))
    : await run.whole()
  const kind = account ? 'account' : 'host'
  const parts = { ...rows, kind, at, host: facts, secrets, root } as const
  const manifest = await writeManifest(run, files, sealer, parts)
  await mark.end()
  const { counts, failed } = run
  const pruned = retention
    ? await pruneIfAlone(files, retention, () => mark.other())
    : { removed: null, notRemoved: null }
  progress.done('done')
  return { manifest, at, ...counts, failed, written: files.written, ...pruned }
}

async function one(run: BackupRun, host: HostClient, typed: string): Promise<void> {
  const found = await namesThere(host, typed)
  if (!found) throw new CommandError(`There is no account ${typed} on this host.`)
  await run.one(found.did)
}
