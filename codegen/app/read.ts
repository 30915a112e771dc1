/** The migrations of `src/app/`, as files. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { AppScope } from '../../src/kernel/app-tables.ts'
import { APP } from '../layout.ts'
import { listFiles, readText } from '../tree.ts'

/** One file: `src/app/account/0001-drafts.sql`. */
export interface MigrationFile {
  /** Relative to the root. */
  path: string
  scope: AppScope
  /** `0001-drafts` */
  name: string
  text: string
  /** SHA-256 of the text, in hex, whatever its line ends are. */
  hash: string
}

export interface AppFiles {
  /** In the order in which they are applied. */
  migrations: MigrationFile[]
  /** Files that are none, but look as if they should be. */
  strange: string[]
  /** What was recorded of earlier runs: name with folder → hash. Undefined: it is no JSON object of texts. */
  record: Record<string, string> | undefined
}

const FILE = /^(account|host)\/(\d{4}-[a-z0-9]+(?:-[a-z0-9]+)*)\.sql$/

export function readApp(root: string): AppFiles {
  const files: AppFiles = { migrations: [], strange: [], record: readRecord(root) }
  for (const path of listFiles(root, APP)) {
    const [, scope, name] = FILE.exec(path.slice(APP.length + 1)) ?? []
    if (name !== undefined && (scope === 'account' || scope === 'host')) {
      const text = (readText(join(root, path)) ?? '').replaceAll('\r\n', '\n')
      const hash = createHash('sha256').update(text).digest('hex')
      files.migrations.push({ path, scope, name, text, hash })
    } else if (path.endsWith('.sql')) files.strange.push(path)
  }
  return files
}

/** Where it is recorded which migrations there are, so that none of them is changed later. */
export const RECORD = `${APP}/migrations.lock.json`

function readRecord(root: string): Record<string, string> | undefined {
  const text = readText(join(root, RECORD))
  if (text === undefined) return {}
  try {
    const json: unknown = JSON.parse(text)
    if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined
    const isWhole = Object.values(json).every((value) => typeof value === 'string')
    return isWhole ? (json as Record<string, string>) : undefined
  } catch {
    return undefined
  }
}
