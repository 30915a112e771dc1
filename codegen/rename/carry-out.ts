/** Carries a rename out: all of it, or nothing. */
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '../errors.ts'
import { isWithin, readText } from '../tree.ts'

/** What is to be changed is noted here before, so that a run that was killed can be taken back. */
export const JOURNAL = '.cumulus-rename.json'

/** One file: where it is, where it is to be, and its text there. */
export interface FileChange {
  path: string
  to: string
  text: string
}

/** What a path has before and after; null: nothing. */
type Journal = Record<string, { before: string | null; after: string | null }>

/** Writes the files. What goes wrong is taken back before it is thrown. @throws UsageError */
export function carryOut(root: string, changes: readonly FileChange[]): void {
  for (const { to } of changes) {
    if (!isWithin(root, '.', to)) {
      throw new UsageError(`${to} is not written: a symbolic link leads out of the project`)
    }
  }
  const journal: Journal = {}
  for (const { path } of changes) journal[path] = { before: current(root, path), after: null }
  for (const { to, text } of changes) {
    journal[to] = { before: journal[to]?.before ?? current(root, to), after: text }
  }
  writeFileSync(join(root, JOURNAL), JSON.stringify(journal), { flag: 'wx', flush: true })
  try {
    // Removed first: on some disks two names that differ in capitals are one.
    for (const { path, to } of changes) if (path !== to) remove(root, path)
    for (const { to, text } of changes) put(root, to, text)
  } catch (error) {
    takeBack(root)
    throw error
  }
  rmSync(join(root, JOURNAL))
}

/**
 * Restores what a run changed that was killed. What was edited since stays as it is.
 *
 * @returns whether there was such a run. @throws UsageError
 */
export function takeBack(root: string): boolean {
  const text = readText(join(root, JOURNAL))
  if (text === undefined) return false
  let journal: Journal
  try {
    journal = JSON.parse(text)
  } catch {
    // It was killed while the journal was written: nothing else was.
    rmSync(join(root, JOURNAL))
    return false
  }
  for (const path of Object.keys(journal)) {
    if (!isWithin(root, '.', path)) throw new UsageError(`${JOURNAL} is not of a rename: remove it`)
  }
  for (const [path, { before, after }] of Object.entries(journal)) {
    const now = current(root, path)
    if (now === before || (now !== after && now !== null)) continue
    if (before === null) remove(root, path)
    else put(root, path, before)
  }
  rmSync(join(root, JOURNAL))
  return true
}

const current = (root: string, path: string): string | null => readText(join(root, path)) ?? null

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Removes a file, and the folders that are empty without it. */
function remove(root: string, path: string): void {
  rmSync(join(root, path), { force: true })
  removeEmpty(root, dirname(path))
}

function removeEmpty(root: string, folder: string): void {
  if (folder === '.' || !existsSync(join(root, folder))) return
  try {
    rmdirSync(join(root, folder))
  } catch {
    // It holds something.
    return
  }
  removeEmpty(root, dirname(folder))
}
