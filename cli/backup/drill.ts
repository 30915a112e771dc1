/** Restores the newest backup of a host where nobody sees it, compares, and notes that it was so. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findManifest, manifestsOf, readManifest } from '../../src/services/backup/catalog.ts'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import type { BackupFiles } from '../../src/services/backup/files.ts'
import {
  type DatedName,
  datedName,
  datedNames,
  FOLDERS,
  FORMAT,
} from '../../src/services/backup/format.ts'
import type { HostSecrets } from '../../src/services/backup/host-secrets.ts'
import { type ProofTimes, parseJson } from '../../src/services/backup/shape.ts'
import type { Progress } from '../terminal/progress.ts'
import { type Comparison, compareHost } from './compare.ts'
import { startOfflineHost } from './offline-host.ts'
import { OpenBackup } from './open-backup.ts'
import { restoreHost } from './restore-host.ts'
import type { Opener } from './sealing.ts'
import { keySecretsOf } from './secrets.ts'
import { verifyFiles } from './verify.ts'

/** What a drill has shown of a run. */
interface Proof extends ProofTimes, Omit<Comparison, 'problems'> {
  format: number
}

export interface DrillOptions {
  files: BackupFiles
  /** Called once the files are known to be what they were. */
  opener(): Promise<Opener>
  /** Where the backup was made without them. */
  secrets: HostSecrets | undefined
  /** Whether the files of all runs are read, not only those of the newest. */
  all: boolean
  progress: Progress
}

export interface DrillReport extends Comparison {
  ok: boolean
  /** The run that was restored; null: none could be. */
  manifest: string | null
  takenAt: string | null
  /** The newest run that a drill has shown to be good, this one included. */
  newestProven: { takenAt: string; provenAt: string } | null
}

const NOTHING: Comparison = { accounts: 0, records: 0, blobs: 0, rows: 0, problems: [] }

/** @throws CommandError where there is nothing to restore, or it cannot be opened */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { files, progress } = options
  let found: { name: string; at: string } | undefined
  let compared = NOTHING
  try {
    const run = await findManifest(files, ({ kind }) => kind === 'host', 'a host')
    found = run
    progress.note('reading all files')
    const problems = await readAll(files, options.all)
    if (problems.length > 0) compared = { ...NOTHING, problems }
    else {
      const backup = new OpenBackup(files, run, await options.opener())
      compared = await restoreAndCompare(backup, options)
    }
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error
    compared = { ...NOTHING, problems: [error.message] }
  }
  const ok = compared.problems.length === 0
  if (ok && found) await note(files, found, compared)
  return {
    ok,
    manifest: found?.name ?? null,
    takenAt: found?.at ?? null,
    ...compared,
    newestProven: await newestProven(files),
  }
}

/** Reads the files of the newest run, or of all of them. */
async function readAll(files: BackupFiles, all: boolean): Promise<string[]> {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const found of await manifestsOf(files)) {
    try {
      const { manifest } = await readManifest(files, found)
      if (!all && manifest.kind !== 'host') continue
      problems.push(...(await verifyFiles(files, manifest, seen)))
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error
      problems.push(error.message)
    }
    if (!all) break
  }
  return problems
}

async function restoreAndCompare(
  backup: OpenBackup,
  { secrets: given, progress }: DrillOptions,
): Promise<Comparison> {
  const secrets = given ?? (await backup.secrets()) ?? {}
  const folder = await mkdtemp(join(tmpdir(), 'cumulus-drill-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    const scratch = await startOfflineHost(folder, secrets)
    try {
      const { client: host } = scratch
      await restoreHost(backup, {
        host,
        sessions: true,
        announce: false,
        keySecrets: keySecretsOf(secrets),
        progress: { ...progress, advance: (_, handle = '') => progress.note(`restored ${handle}`) },
      })
      const compared = await compareHost(backup, host, (handle) => progress.advance(1, handle))
      const failed = backup.manifest.failed.map(
        ({ did, why }) => `${did} was not backed up: ${why}`,
      )
      return { ...compared, problems: [...compared.problems, ...failed] }
    } finally {
      await scratch.stop()
    }
  } finally {
    remove()
    process.removeListener('exit', remove)
  }
}

async function note(
  files: BackupFiles,
  found: { name: string; at: string },
  { problems: _, ...counts }: Comparison,
): Promise<void> {
  const provenAt = new Date().toISOString()
  const proof: Proof = {
    format: FORMAT,
    manifest: found.name,
    takenAt: found.at,
    provenAt,
    ...counts,
  }
  const kept = await files.keep([Buffer.from(`${JSON.stringify(proof, null, 2)}\n`)])
  await files.write(datedName(FOLDERS.drills, provenAt, kept.sha256), kept)
}

/** The newest run of which a drill says that it is good, if it is still there. */
async function newestProven(files: BackupFiles): Promise<DrillReport['newestProven']> {
  const there = new Set((await manifestsOf(files)).map(({ name }) => name))
  let newest: ProofTimes | undefined
  for (const found of datedNames((await files.store.list(FOLDERS.drills)).keys())) {
    const proof = await readProof(files, found)
    if (!proof || !there.has(proof.manifest)) continue
    if (!newest || proof.takenAt > newest.takenAt) newest = proof
  }
  return newest ? { takenAt: newest.takenAt, provenAt: newest.provenAt } : null
}

async function readProof(files: BackupFiles, found: DatedName): Promise<ProofTimes | undefined> {
  try {
    return parseJson('proof', await files.text(found.name, found.sha256), found.name)
  } catch (error) {
    // It proves nothing.
    if (error instanceof DamagedFileError) return undefined
    throw error
  }
}
