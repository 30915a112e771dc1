/**
 * `lexicons.imported.json`: the imported lexicons, where from, and a hash of each file as it was written. Beside
 * `lexicons/`, and not in it: tools of others take every file there for a lexicon.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './errors.ts'
import { LEXICONS } from './layout.ts'
import { isWithin, readText } from './tree.ts'

export const RECORD = `${LEXICONS}.imported.json`

/** Where it was once. */
const OLD_RECORD = `${LEXICONS}/.imported.json`

export interface ImportRecord {
  from: string
  /** Hash of the text by NSID. */
  lexicons: Record<string, string>
}

/** Moves the record of an older version to its place. */
export function moveRecord(root: string): void {
  const [old, place] = [join(root, OLD_RECORD), join(root, RECORD)]
  if (!existsSync(old) || !isWithin(root, LEXICONS, OLD_RECORD)) return
  if (existsSync(place)) rmSync(old)
  else renameSync(old, place)
}

/** @throws UsageError when the file is none */
export function readRecord(root: string): ImportRecord {
  const text = readText(join(root, RECORD))
  if (text === undefined) return { from: '', lexicons: {} }
  try {
    const record: ImportRecord = JSON.parse(text)
    if (typeof record.lexicons === 'object' && record.lexicons !== null) return record
  } catch {
    // Told below.
  }
  throw new UsageError(`${RECORD} is no record of an import: restore it from version control`)
}

export function writeRecord(root: string, record: ImportRecord): void {
  const text = `${JSON.stringify(record, null, 2)}\n`
  if (readText(join(root, RECORD)) !== text) writeFileSync(join(root, RECORD), text)
}
