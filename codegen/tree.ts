/** Reading folders: sorted, with forward slashes, so that every machine sees the same tree. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/**
 * Files below `root/folder`, relative to `root`, sorted; none when the folder does not exist. Symbolic links are among
 * them, and are not gone into.
 */
export function listFiles(root: string, folder: string): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdir(join(root, path))) {
      const below = `${path}/${entry.name}`
      if (entry.isDirectory()) walk(below)
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(below)
    }
  }
  walk(folder)
  return found.sort(byCodeUnits)
}

/** The text of a file, or undefined when there is none. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error) || isFolder(error)) return undefined
    throw error
  }
}

/**
 * Whether a path, in fact and not only by its name, is below `root/folder`, or will be when it is created: symbolic
 * links on the way count. The folder exists.
 */
export function isWithin(root: string, folder: string, path: string): boolean {
  const top = realpathSync(join(root, folder))
  let existing = join(root, path)
  while (!lstatSync(existing, { throwIfNoEntry: false })) existing = dirname(existing)
  try {
    const real = realpathSync(existing)
    return real === top || real.startsWith(top + sep)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Whether a path is a symbolic link to anything but a file below `root/folder`. */
export function isLinkElsewhere(root: string, folder: string, path: string): boolean {
  const full = join(root, path)
  if (!lstatSync(full).isSymbolicLink()) return false
  const target = statSync(full, { throwIfNoEntry: false })
  return !target?.isFile() || !isWithin(root, folder, path)
}

/** Order by code units: the same everywhere, unlike a locale's. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** A folder by the name of a file, which a symbolic link may lead to. */
const isFolder = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EISDIR'

function readdir(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
