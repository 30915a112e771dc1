/** Reading folders: sorted, with forward slashes, so that every machine sees the same tree. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files below `root/folder`, relative to `root`, sorted; none when the folder does not exist. */
export function listFiles(root: string, folder: string): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdir(join(root, path))) {
      const below = `${path}/${entry.name}`
      if (entry.isDirectory()) walk(below)
      else found.push(below)
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
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Order by code units: the same everywhere, unlike a locale's. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

function readdir(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
