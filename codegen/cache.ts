/**
 * What runs remember for the next one, in `node_modules/.cache`: it saves the loading of ts-morph and of the official
 * parser, half a second each. A cache that cannot be read or written costs time, nothing else.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { builtPath } from './layout.ts'
import { readText } from './tree.ts'

const FOLDER = 'node_modules/.cache/cumulus-codegen'

/** Results by name, and the code that they are from: other code has other results. */
interface Cached<T> {
  code: string
  results: Record<string, T>
}

/** What the same code found out before. */
export function readCache<T>(root: string, name: string, code: string): Record<string, T> {
  try {
    const cached: Cached<T> = JSON.parse(readText(pathOf(root, name)) ?? '{}')
    if (cached.code === code && cached.results) return cached.results
  } catch {
    // By an older version, or damaged.
  }
  return {}
}

export function writeCache<T>(
  root: string,
  name: string,
  code: string,
  results: Record<string, T>,
): void {
  try {
    const path = pathOf(root, name)
    mkdirSync(dirname(path), { recursive: true })
    // Whole or not at all: two runs may write at the same time.
    const written = `${path}.${process.pid}`
    writeFileSync(written, JSON.stringify({ code, results } satisfies Cached<T>))
    renameSync(written, path)
  } catch {
    // A read-only checkout.
  }
}

/** Names code by its files (`.ts`, as here) and by whatever else decides. */
export function codeId(files: readonly string[], ...more: string[]): string {
  const hash = createHash('sha256').update(more.join())
  for (const file of files) hash.update(readFileSync(builtPath(file)))
  return hash.digest('hex')
}

/**
 * Has the process keep what V8 made of ts-morph and other modules, which is most of the time that loading them takes. V8
 * compares it with their text. For programs only: it is written when the process ends, and cannot be turned off.
 */
export function keepCompiled(root: string): void {
  // Node 20 has no such thing.
  module.enableCompileCache?.(join(root, FOLDER, 'compiled'))
}

const pathOf = (root: string, name: string): string => join(root, FOLDER, `${name}.json`)
