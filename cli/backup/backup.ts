/** One run of a backup: of a whole host, or of one account. */

import { randomUUID } from 'node:crypto'
import { CommandError } from '../terminal/errors.ts'
import type { Progress } from '../terminal/progress.ts'
import { backUpAccount } from './account.ts'
import { forEachOf } from './at-once.ts'
import { manifestsOf, readIfSound, readIndex } from './catalog.ts'
import { beginBackup } from './config.ts'
import { fetchAppDump, fetchDump, rowsOf } from './dump.ts'
import { BackupFiles, DamagedFileError } from './files.ts'
import {
  type AccountIndex,
  type DatedName,
  datedName,
  FOLDERS,
  FORMAT,
  type Manifest,
  type ManifestAccount,
  type StoredFile,
} from './format.ts'
import { type HostClient, namesThere, RefusedError } from './host-client.ts'
import { RepositoryError } from './repository.ts'
import { prune, type Retention } from './retention.ts'
import { RunningMark } from './running.ts'
import type { Sealer } from './sealing.ts'
import { digestOf, type HostSecrets } from './secrets.ts'
import type { BackupStore } from './store/store.ts'

const ACCOUNTS_AT_ONCE = 3

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
  failed: { did: string; why: string }[]
  /** Bytes that were written. */
  written: number
  removed: { runs: number; files: number } | null
  /** Why nothing was removed, if something should have been. */
  notRemoved: string | null
}

type HostFacts = Manifest['host']

/** @throws CommandError, RefusedError, DamagedFileError */
export async function runBackup(options: BackupOptions): Promise<BackupReport> {
  const { host, store, account, recipient, progress } = options
  const facts = await host.command<HostFacts>('backup/begin', account ? { account } : {})
  const secrets = options.secrets(facts.keyFingerprint)
  const at = new Date().toISOString()
  const known = new Map<string, number>()
  for (const folder of [FOLDERS.objects, FOLDERS.blobs]) {
    for (const [name, size] of await store.list(folder)) known.set(name, size)
  }
  const files = new BackupFiles(store, known)
  const { sealer, root } = await beginBackup(files, {
    host: facts.publicUrl,
    recipient,
    'passphrase-file': options.passphraseFile,
    now: at,
  })
  const mark = await RunningMark.begin(files, at, randomUUID())
  const run = new Run(options, files, sealer, await previous(files, mark), mark)
  const { objects, seq } = account
    ? await run.one(account).then(() => ({ objects: {}, seq: 0 }))
    : await run.whole()
  const manifest: Manifest = {
    format: FORMAT,
    createdAt: at,
    kind: account ? 'account' : 'host',
    host: facts,
    accounts: run.entries(),
    failed: run.failed,
    objects,
    seq,
    secrets: secrets ? await addSecrets(files, sealer, secrets) : null,
    root,
  }
  const kept = await files.keep([Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)])
  const name = datedName(FOLDERS.manifests, at, kept.sha256)
  await files.write(name, kept)
  await mark.end()
  const pruned = await pruneIfWanted(files, mark, options)
  progress.done('done')
  return {
    manifest: name,
    at,
    ...run.counts,
    failed: run.failed,
    written: files.written,
    ...pruned,
  }
}

/** What earlier runs have of each account, those that were killed included. */
async function previous(
  files: BackupFiles,
  mark: RunningMark,
): Promise<Map<string, ManifestAccount>> {
  const entries = new Map<string, ManifestAccount>()
  const names = await manifestsOf(files)
  for (const found of names.slice(0, 2).reverse()) {
    const read = await readIfSound(files, found)
    for (const entry of read?.manifest.accounts ?? []) entries.set(entry.did, entry)
  }
  for (const entry of mark.abandoned()) entries.set(entry.did, entry)
  return entries
}

class Run {
  readonly counts = { accounts: 0, changed: 0, records: 0, blobs: 0, missingBlobs: 0 }
  readonly failed: { did: string; why: string }[] = []
  readonly #options: BackupOptions
  readonly #files: BackupFiles
  readonly #sealer: Sealer
  readonly #before: Map<string, ManifestAccount>
  readonly #mark: RunningMark
  readonly #entries = new Map<string, ManifestAccount>()

  constructor(
    options: BackupOptions,
    files: BackupFiles,
    sealer: Sealer,
    before: Map<string, ManifestAccount>,
    mark: RunningMark,
  ) {
    this.#options = options
    this.#files = files
    this.#sealer = sealer
    this.#before = before
    this.#mark = mark
  }

  entries(): ManifestAccount[] {
    return [...this.#entries.values()].sort((a, b) => (a.did < b.did ? -1 : 1))
  }

  async one(typed: string): Promise<void> {
    const found = await namesThere(this.#options.host, typed)
    if (!found) throw new CommandError(`There is no account ${typed} on this host.`)
    await this.#account(found.did)
  }

  /** Accounts first, then who has an account: whoever came meanwhile is backed up as well. */
  async whole(): Promise<Pick<Manifest, 'objects' | 'seq'>> {
    const dids: string[] = []
    for await (const { did } of this.#listed()) dids.push(did)
    await this.#accounts(dids)
    const objects: Record<string, StoredFile> = {}
    const { host } = this.#options
    const directory = await fetchDump(host, { object: 'directory' })
    const hosted = [...rowsOf(directory, 'account')].map(({ did }) => String(did))
    const tried = new Set(dids)
    await this.#accounts(hosted.filter((did) => !tried.has(did)))
    const isHosted = new Set(hosted)
    for (const did of this.#entries.keys()) if (!isHosted.has(did)) this.#entries.delete(did)
    const oauth = await fetchDump(host, { object: 'oauth' })
    const dumps = [directory, oauth, await fetchDump(host, { object: 'sequencer' })]
    const app = await fetchAppDump(host)
    if (app) dumps.push(app)
    for (const { text, facts } of dumps) {
      objects[String(facts.object)] = await this.#files.addObject([await this.#sealer.seal(text)])
    }
    return { objects, seq: Number(dumps[2]?.facts.head ?? 0) }
  }

  async #accounts(dids: readonly string[]): Promise<void> {
    await forEachOf(dids, ACCOUNTS_AT_ONCE, (did) => this.#account(did))
  }

  async #account(did: string): Promise<void> {
    const { host, progress } = this.#options
    const known = this.#before.get(did)
    const before = known && (await this.#indexOf(known))
    const onBlob = (size: number) => progress.advance(0, `blob of ${size} bytes`)
    const parts = { host, files: this.#files, sealer: this.#sealer, onBlob }
    const made = await backUpAccount(parts, did, before).catch((error: unknown) => {
      // One account that cannot be read is no reason to have no backup of the others.
      if (!(error instanceof RepositoryError || error instanceof RefusedError)) throw error
      this.failed.push({ did, why: error.message })
      if (known && before) this.#entries.set(did, known)
      return undefined
    })
    progress.advance()
    if (!made) return
    const { entry, index } = made
    this.#entries.set(did, entry)
    await this.#mark.note(entry)
    const { counts } = this
    counts.accounts++
    if (index !== before) counts.changed++
    counts.records += index.repository.records
    counts.blobs += index.blobs.length
    counts.missingBlobs += index.missingBlobs
  }

  /** What is damaged is backed up anew. */
  async #indexOf(entry: ManifestAccount): Promise<AccountIndex | undefined> {
    try {
      return await readIndex(this.#files, entry)
    } catch (error) {
      if (error instanceof DamagedFileError) return undefined
      throw error
    }
  }

  async *#listed(): AsyncGenerator<{ did: string }> {
    const { host } = this.#options
    let after: string | undefined
    for (;;) {
      const { accounts } = await host.command<{ accounts: { did: string }[] }>(
        'backup/accounts',
        after === undefined ? {} : { after },
      )
      if (accounts.length === 0) return
      yield* accounts
      after = accounts.at(-1)?.did
    }
  }
}

async function addSecrets(
  files: BackupFiles,
  sealer: Sealer,
  secrets: HostSecrets,
): Promise<Manifest['secrets']> {
  const stored = await files.addObject([await sealer.seal(JSON.stringify(secrets))])
  return { ...stored, digest: digestOf(secrets) }
}

/** Runs of the whole host, and those of each account, have their own days and weeks. */
async function pruneIfWanted(
  files: BackupFiles,
  mark: RunningMark,
  { retention }: BackupOptions,
): Promise<Pick<BackupReport, 'removed' | 'notRemoved'>> {
  if (!retention) return { removed: null, notRemoved: null }
  const other = await mark.other()
  if (other) {
    return { removed: null, notRemoved: `another backup to this place is under way since ${other}` }
  }
  try {
    const groups = new Map<string, DatedName[]>()
    for (const found of await manifestsOf(files)) {
      const { manifest } = (await readIfSound(files, found)) ?? {}
      // What cannot be read is not removed either.
      if (!manifest) throw new DamagedFileError(found.name, 'its bytes have changed')
      const of = manifest.kind === 'host' ? 'host' : (manifest.accounts[0]?.did ?? '')
      groups.set(of, [...(groups.get(of) ?? []), found])
    }
    return { removed: await prune(files, [...groups.values()], retention), notRemoved: null }
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error
    return { removed: null, notRemoved: error.message }
  }
}
