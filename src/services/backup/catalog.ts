/** Finds and reads the manifests of a backup, and what they refer to. */
import { BackupError, DamagedFileError } from './errors.ts'
import type { BackupFiles } from './files.ts'
import {
  type AccountIndex,
  type DatedName,
  datedNames,
  FOLDERS,
  type Manifest,
  type ManifestAccount,
  objectName,
} from './format.ts'
import { parseJson } from './shape.ts'

export interface FoundManifest extends DatedName {
  manifest: Manifest
}

/** The runs of a backup, the newest first. */
export async function manifestsOf(files: BackupFiles): Promise<DatedName[]> {
  return datedNames((await files.store.list(FOLDERS.manifests)).keys())
}

/** @throws DamagedFileError */
export async function readManifest(files: BackupFiles, found: DatedName): Promise<FoundManifest> {
  const { name, sha256 } = found
  const manifest = parseJson('manifest', await files.text(name, sha256), name)
  return { ...found, manifest }
}

/** What a manifest says of an account. @throws DamagedFileError */
export async function readIndex(files: BackupFiles, entry: ManifestAccount): Promise<AccountIndex> {
  const { sha256 } = entry.index
  const name = objectName(sha256)
  const index = parseJson('index', await files.text(name, sha256), name)
  if (index.did === entry.did) return index
  throw new DamagedFileError(name, `it is of ${index.did}, not of ${entry.did}`)
}

/**
 * The newest run that fits; one that is damaged is no other one's reason to be passed over.
 *
 * @param at ISO 8601, or the beginning of it: the newest run that is not later
 * @throws BackupError, DamagedFileError
 */
export async function findManifest(
  files: BackupFiles,
  fits: (manifest: Manifest) => boolean,
  what: string,
  at?: string,
): Promise<FoundManifest> {
  for (const found of await manifestsOf(files)) {
    if (at !== undefined && found.at.slice(0, at.length) > at) continue
    const read = await readManifest(files, found)
    if (fits(read.manifest)) return read
  }
  throw new BackupError(
    `There is no backup of ${what} in ${files.store.name}${at === undefined ? '' : ` from before ${at}`}.`,
  )
}

/** The account that somebody means, by handle or DID. */
export const entryOf = ({ accounts }: Manifest, typed: string): ManifestAccount | undefined => {
  const name = typed.replace(/^@/, '').toLowerCase()
  return accounts.find(({ did, handle }) => did === typed || handle === name)
}

/** Reads a manifest where one that is damaged, or gone, is as good as none: for what it saves. */
export async function readIfSound(
  files: BackupFiles,
  found: DatedName,
): Promise<FoundManifest | undefined> {
  try {
    return await readManifest(files, found)
  } catch (error) {
    if (error instanceof DamagedFileError) return undefined
    throw error
  }
}
