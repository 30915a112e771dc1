/**
 * What a backup consists of (docs/backup.md): files named by their SHA-256, blobs by their CID, and a manifest for each
 * run, which is written last and says what belongs to it. Nothing is overwritten.
 */
export const FORMAT = 1

/** At the root of a backup: whose it is, and for whom it is encrypted. */
export const CONFIG = 'cumulus-backup.json'
/** The identity that opens it, encrypted with a passphrase; where a passphrase was chosen. */
export const IDENTITY = 'identity.age'

export const FOLDERS = {
  objects: 'objects',
  blobs: 'blobs',
  manifests: 'manifests',
  /** What drills have shown. */
  drills: 'drills',
  /** Of runs that are under way, or were killed. */
  running: 'running',
} as const

export interface BackupConfig {
  format: number
  /** Public URL of the host. */
  host: string
  /** age recipient. */
  recipient: string
  createdAt: string
}

/** A file of the backup, by its contents. */
export interface StoredFile {
  /** In hex. */
  sha256: string
  /** Bytes. */
  size: number
}

/** Part of a repository: all of it, or what came after a rev. */
export interface CarPart extends StoredFile {
  since: string | null
}

export interface BlobEntry {
  cid: string
  size: number
  type: string
}

/** One account as it was at one time; stored as a file of its own, which runs share as long as nothing changes. */
export interface AccountIndex {
  did: string
  handle: string
  /** As the account's row says. */
  status: string
  repository: {
    head: string
    rev: string
    records: number
    parts: CarPart[]
  }
  blobs: BlobEntry[]
  /** Blobs that records name and the host did not have. */
  missingBlobs: number
  /** Rows, encrypted. `digest` is the SHA-256 of what is encrypted. */
  rows: StoredFile & { digest: string }
}

export interface ManifestAccount {
  did: string
  handle: string
  index: StoredFile
}

export interface Manifest {
  format: number
  createdAt: string
  kind: 'host' | 'account'
  host: { hostname: string; publicUrl: string; keyFingerprint: string }
  accounts: ManifestAccount[]
  /** Accounts that could not be backed up; of those that are in `accounts` all the same, this is an earlier state. */
  failed: { did: string; why: string }[]
  /** Rows of the objects that there is one of, encrypted; only of a host. */
  objects: Partial<Record<'directory' | 'oauth' | 'sequencer' | 'app', StoredFile>>
  /** Number of the newest event. */
  seq: number
  /** The host's secrets, encrypted; null: they are kept elsewhere. */
  secrets: (StoredFile & { digest: string }) | null
  /** Files at the root. */
  root: Record<string, StoredFile>
}

export const objectName = (sha256: string): string =>
  `${FOLDERS.objects}/${sha256.slice(0, 2)}/${sha256}`

/** By the last letters: the first ones are the same for all. */
export const blobName = (cid: string): string => `${FOLDERS.blobs}/${cid.slice(-2)}/${cid}`

/** Whether a backup names a file so: whatever else lies there is somebody else's, or came by a link to another folder. */
export function isOwnName(name: string): boolean {
  const key = name.slice(name.lastIndexOf('/') + 1)
  if (name === blobName(key)) return /^[A-Za-z0-9]{8,128}$/.test(key)
  return name === objectName(key) && /^[0-9a-f]{64}$/.test(key)
}

/** A manifest, or what a drill has shown: its name says when it is of, and the hash of what is in it. */
export interface DatedName {
  name: string
  /** ISO 8601. */
  at: string
  sha256: string
}

export const datedName = (folder: string, at: string, sha256: string): string =>
  `${folder}/${at.replaceAll(/[-:]/g, '').replace('.', '_')}-${sha256}.json`

/** Those in a folder, the newest first; what has another name is none of them. */
export function datedNames(names: Iterable<string>): DatedName[] {
  const found: DatedName[] = []
  for (const name of names) {
    const match = /\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)_(\d{3})Z-([0-9a-f]{64})\.json$/.exec(
      name,
    )
    if (!match) continue
    const [, y, mo, d, h, mi, s, ms, sha256 = ''] = match
    found.push({ name, at: `${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`, sha256 })
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1))
}

/** All files that a manifest and its indexes refer to. */
export function* filesOf(manifest: Manifest, indexes: Iterable<AccountIndex>): Generator<string> {
  for (const { index } of manifest.accounts) yield objectName(index.sha256)
  for (const file of Object.values(manifest.objects)) yield objectName(file.sha256)
  if (manifest.secrets) yield objectName(manifest.secrets.sha256)
  for (const index of indexes) yield* filesOfAccount(index)
}

export function* filesOfAccount({ repository, rows, blobs }: AccountIndex): Generator<string> {
  for (const { sha256 } of repository.parts) yield objectName(sha256)
  yield objectName(rows.sha256)
  for (const { cid } of blobs) yield blobName(cid)
}
