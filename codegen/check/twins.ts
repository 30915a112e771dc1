/**
 * NSIDs that differ in nothing but capitals. Their files are one on many disks, and the compiler refuses two such names
 * of modules.
 */
import type { LexiconFile } from '../load.ts'
import type { Finding } from './shape.ts'

/** Complaints about all but the first of such lexicons. */
export function checkTwins(
  files: readonly LexiconFile[],
): { file: LexiconFile; finding: Finding }[] {
  const first = new Map<string, LexiconFile>()
  return files.flatMap((file) => {
    const folded = file.nsid.toLowerCase()
    const other = first.get(folded)
    if (!other) first.set(folded, file)
    if (!other || other.nsid === file.nsid) return []
    const message = `"${file.nsid}" differs from "${other.nsid}" in capitals only, and their files would be one on many disks`
    return [{ file, finding: { at: ['id'], message } }]
  })
}
