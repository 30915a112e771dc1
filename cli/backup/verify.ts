/** Reads every file of a run of a backup, and says which of them are not what they were. */
import { forEachOf } from '../../src/services/backup/at-once.ts'
import { readIndex } from '../../src/services/backup/catalog.ts'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import type { BackupFiles } from '../../src/services/backup/files.ts'
import {
  type AccountIndex,
  blobName,
  type Manifest,
  objectName,
} from '../../src/services/backup/format.ts'

const AT_ONCE = 4

/** @returns what is wrong, a line for each file */
export async function verifyFiles(
  files: BackupFiles,
  manifest: Manifest,
  seen: Set<string> = new Set(),
): Promise<string[]> {
  const problems: string[] = []
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error
      problems.push(error.message)
    }
  }
  const once = (name: string, check: () => Promise<void>) => {
    if (seen.has(name)) return undefined
    seen.add(name)
    return attempt(check)
  }
  const object = (sha256: string) => {
    const name = objectName(sha256)
    return once(name, () => files.check(name, sha256))
  }
  for (const [name, { sha256 }] of Object.entries(manifest.root)) {
    await once(name, () => files.check(name, sha256))
  }
  for (const { sha256 } of Object.values(manifest.objects)) await object(sha256)
  if (manifest.secrets) await object(manifest.secrets.sha256)
  await forEachOf(manifest.accounts, AT_ONCE, async (entry) => {
    let index: AccountIndex | undefined
    await attempt(async () => {
      index = await readIndex(files, entry)
    })
    if (!index) return
    for (const { sha256 } of [...index.repository.parts, index.rows]) await object(sha256)
    for (const { cid } of index.blobs) {
      const name = blobName(cid)
      await once(name, () => files.checkBlob(name, cid))
    }
  })
  return problems
}
