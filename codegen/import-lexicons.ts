/**
 * Brings the official lexicons into `lexicons/`. `@atproto/api` carries them; `lexicons.imported.json` remembers
 * which files came from there, so that the next import can tell them from lexicons of one's own.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LexiconDoc } from '@atproto/lexicon'
import { isValidNsid } from '@atproto/syntax'
import { type ImportRecord, moveRecord, readRecord, writeRecord } from './import-record.ts'
import { LEXICONS, lexiconPath } from './layout.ts'
import { shortHash } from './load.ts'
import { byCodeUnits, isWithin, readText } from './tree.ts'
import { removeEmptyFolders, writeBelow } from './write.ts'

/** What became of one lexicon. `kept`: a lexicon of one's own has the NSID of an official one. */
export interface ImportChange {
  nsid: string
  change: 'added' | 'changed' | 'removed' | 'kept'
  /** The file differed from what the last import wrote. */
  edited: boolean
}

/**
 * Writes `docs` below `root` and removes what an earlier import wrote and upstream no longer has.
 * Files that no import wrote are left alone.
 */
export function importLexicons(root: string, docs: LexiconDoc[], from: string): ImportChange[] {
  moveRecord(root)
  const before = readRecord(root)
  const record: ImportRecord = { from, lexicons: {} }
  const changes: ImportChange[] = []

  for (const doc of [...docs].sort((a, b) => byCodeUnits(a.id, b.id))) {
    const nsid = doc.id
    const path = join(root, lexiconPath(nsid))
    const text = `${JSON.stringify(asWritten(doc), null, 2)}\n`
    const current = readText(path)
    const imported = before.lexicons[nsid]
    if (current !== undefined && current !== text && imported === undefined) {
      changes.push({ nsid, change: 'kept', edited: false })
      continue
    }
    record.lexicons[nsid] = shortHash(text)
    if (current === text) continue
    writeBelow(root, LEXICONS, lexiconPath(nsid), text)
    const edited = current !== undefined && shortHash(current) !== imported
    changes.push({ nsid, change: current === undefined ? 'added' : 'changed', edited })
  }

  for (const [nsid, imported] of Object.entries(before.lexicons)) {
    if (record.lexicons[nsid] !== undefined || !isValidNsid(nsid)) continue
    const path = join(root, lexiconPath(nsid))
    const current = readText(path)
    if (current === undefined || !isWithin(root, LEXICONS, lexiconPath(nsid))) continue
    rmSync(path)
    changes.push({ nsid, change: 'removed', edited: shortHash(current) !== imported })
  }
  removeEmptyFolders(join(root, LEXICONS))

  writeRecord(root, record)
  return changes.sort((a, b) => byCodeUnits(a.nsid, b.nsid))
}

/**
 * Restores the references of a lexicon as its author writes them. The copies in `@atproto/api` have been
 * through `Lexicons`, which turns `#view` and `com.example.defs#view` into `lex:` URIs in place.
 */
export function asWritten(doc: LexiconDoc): LexiconDoc {
  const own = `lex:${doc.id}#`
  return JSON.parse(JSON.stringify(doc), (key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith('lex:')) return value
    if (value.startsWith(own)) return value.slice(own.length - 1)
    return key === 'ref' || /^\d+$/.test(key) ? value.slice('lex:'.length) : value
  })
}
