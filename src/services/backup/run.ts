/** What one run of a backup does: every account that has changed, then the rows of the host, then the manifest. */
import { backUpAccount } from './account.ts'
import { forEachOf } from './at-once.ts'
import { manifestsOf, readIfSound, readIndex } from './catalog.ts'
import { fetchAppDump, fetchDump, rowsOf } from './dump.ts'
import { BackupError, DamagedFileError, RefusedError } from './errors.ts'
import { BackupFiles } from './files.ts'
import {
  type AccountIndex,
  datedName,
  FOLDERS,
  FORMAT,
  type Manifest,
  type ManifestAccount,
  type StoredFile,
} from './format.ts'
import { digestOf, type HostSecrets } from './host-secrets.ts'
import { RepositoryError } from './repository.ts'
import type { Sealer } from './sealer.ts'
import type { BackupSource } from './source.ts'
import type { BackupStore } from './store.ts'

export type HostFacts = Manifest['host']

export interface RunOptions {
  host: BackupSource
  files: BackupFiles
  sealer: Sealer
  /** What earlier runs have of each account. */
  before: ReadonlyMap<string, ManifestAccount>
  /** What this run has done before it was interrupted, if it goes on. */
  done?: { accounts: readonly ManifestAccount[]; failed: readonly FailedAccount[] }
  accountsAtOnce: number
  blobsAtOnce: number
  /** Bytes of the rows of an object, and of a repository, at most; others are refused. */
  maxRows?: number
  maxRepository?: number
  /** Called before each account and each blob. Whatever it throws ends this. */
  goOn?(): void
  /** Told of each account before it is looked at, and waited for. A RefusedError has the account left out. */
  onBegin?(did: string): Promise<void>
  /** Told of each account once it is backed up, and waited for. */
  note(entry: ManifestAccount): Promise<void>
  /** Told of each account that was looked at. */
  onAccount?(): void
  /** Told of each blob that was fetched. */
  onBlob?(size: number): void
}

export interface FailedAccount {
  did: string
  why: string
}

/** Manifests that are read to learn what earlier runs have of each account. */
const LOOKED_AT = 12

/** The files of a backup, with what is there. @param maxAtOnce bytes of a manifest or an index, at most */
export async function openFiles(store: BackupStore, maxAtOnce?: number): Promise<BackupFiles> {
  const known = new Map<string, number>()
  for (const folder of [FOLDERS.objects, FOLDERS.blobs]) {
    for (const [name, size] of await store.list(folder)) known.set(name, size)
  }
  return new BackupFiles(store, known, maxAtOnce)
}

/** What earlier runs have of each account, those that were killed included. */
export async function previousEntries(
  files: BackupFiles,
  abandoned: Iterable<ManifestAccount>,
): Promise<Map<string, ManifestAccount>> {
  const entries = new Map<string, ManifestAccount>()
  const found: (readonly ManifestAccount[])[] = []
  // Two of the whole host: those of one account, and damaged ones, may be newer.
  let whole = 0
  for (const name of (await manifestsOf(files)).slice(0, LOOKED_AT)) {
    if (whole === 2) break
    const { manifest } = (await readIfSound(files, name)) ?? {}
    if (manifest?.kind === 'host') whole++
    if (manifest)
      found.push(manifest.kind === 'host' ? manifest.accounts : manifest.accounts.slice(0, 1))
  }
  for (const entry of found.reverse().flat()) entries.set(entry.did, entry)
  for (const entry of abandoned) entries.set(entry.did, entry)
  return entries
}

export class BackupRun {
  readonly counts = { accounts: 0, changed: 0, records: 0, blobs: 0, missingBlobs: 0 }
  /** Accounts that could not be backed up: what an earlier run has of them stays. */
  readonly failed: FailedAccount[]
  readonly #options: RunOptions
  readonly #entries: Map<string, ManifestAccount>

  constructor(options: RunOptions) {
    this.#options = options
    this.failed = [...(options.done?.failed ?? [])]
    this.#entries = new Map(options.done?.accounts.map((entry) => [entry.did, entry]))
    for (const { did } of this.failed) {
      const known = options.before.get(did)
      if (known) this.#entries.set(did, known)
    }
  }

  entries(): ManifestAccount[] {
    return [...this.#entries.values()].sort((a, b) => (a.did < b.did ? -1 : 1))
  }

  async one(did: string): Promise<void> {
    await this.#account(did)
  }

  /** Accounts first, then who has an account: whoever came meanwhile is backed up as well. */
  async whole(): Promise<Pick<Manifest, 'objects' | 'seq'>> {
    const tried = new Set([...this.#entries.keys(), ...this.failed.map(({ did }) => did)])
    const rest = (dids: readonly string[]) => {
      const found = dids.filter((did) => !tried.has(did))
      for (const did of found) tried.add(did)
      return found
    }
    const listed: string[] = []
    for await (const { did } of this.#listed()) listed.push(did)
    this.#assertAccounts(listed.length)
    await this.#accounts(rest(listed))
    const directory = await this.#dump('directory')
    const hosted = [...rowsOf(directory, 'account')].map(({ did }) => String(did))
    await this.#accounts(rest(hosted))
    const isHosted = new Set(hosted)
    for (const did of this.#entries.keys()) if (!isHosted.has(did)) this.#entries.delete(did)
    const dumps = [directory, await this.#dump('oauth'), await this.#dump('sequencer')]
    const objects: Record<string, StoredFile> = {}
    const { files, sealer } = this.#options
    const app = await fetchAppDump(this.#options.host, this.#options.maxRows)
    if (app) dumps.push(app)
    for (const { text, facts } of dumps) {
      objects[String(facts.object)] = await files.addObject([await sealer.seal(text)])
    }
    return { objects, seq: Number(dumps[2]?.facts.head ?? 0) }
  }

  /**
   * One that is to be restored has none yet: as the newest run, such a backup would be the one that is restored.
   *
   * @throws BackupError
   */
  #assertAccounts(count: number): void {
    const before = this.#options.before.size + this.#entries.size
    if (count > 0 || before === 0) return
    throw new BackupError(
      `The host has no accounts, and ${this.#options.files.store.name} has a backup of it with ${before}: nothing was backed up. ` +
        'Restore the host (docs/backup.md); one that begins anew is backed up to another place (--to), or another bucket (BACKUPS).',
    )
  }

  #dump(object: string) {
    return fetchDump(this.#options.host, { object }, this.#options.maxRows)
  }

  async #accounts(dids: readonly string[]): Promise<void> {
    await forEachOf(dids, this.#options.accountsAtOnce, (did) => this.#account(did))
  }

  async #account(did: string): Promise<void> {
    const { before: known, note, onAccount, onBegin, goOn } = this.#options
    goOn?.()
    const earlier = known.get(did)
    const before = earlier && (await this.#indexOf(earlier))
    const back = async () => {
      await onBegin?.(did)
      return backUpAccount(this.#options, did, before)
    }
    const made = await back().catch((error: unknown) => {
      // One account that cannot be read is no reason to have no backup of the others.
      if (!(error instanceof RepositoryError || error instanceof RefusedError)) throw error
      this.failed.push({ did, why: error.message })
      if (earlier && before) this.#entries.set(did, earlier)
      return undefined
    })
    onAccount?.()
    if (!made) return
    const { entry, index } = made
    this.#entries.set(did, entry)
    await note(entry)
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
      return await readIndex(this.#options.files, entry)
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

export interface ManifestParts {
  kind: Manifest['kind']
  /** When the run began, ISO 8601. */
  at: string
  host: HostFacts
  objects: Manifest['objects']
  seq: number
  secrets: HostSecrets | undefined
  root: Manifest['root']
}

/** Writes what a run has done, last of all. @returns its name */
export async function writeManifest(
  run: BackupRun,
  files: BackupFiles,
  sealer: Sealer,
  { at, secrets, ...parts }: ManifestParts,
): Promise<string> {
  const manifest: Manifest = {
    format: FORMAT,
    createdAt: at,
    ...parts,
    accounts: run.entries(),
    failed: run.failed,
    secrets: secrets ? await addSecrets(files, sealer, secrets) : null,
  }
  assertThere(files, manifest)
  const kept = await files.keep([Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)])
  const name = datedName(FOLDERS.manifests, at, kept.sha256)
  await files.write(name, kept)
  return name
}

/** Somebody may have removed what an earlier part of this run has written. @throws BackupError */
function assertThere(files: BackupFiles, { accounts }: Manifest): void {
  const gone = accounts.find(({ index }) => !files.hasObject(index))
  if (gone) {
    throw new BackupError(`What was backed up of ${gone.did} is gone from the backup meanwhile.`)
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
