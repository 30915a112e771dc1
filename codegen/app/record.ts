/** Records which migrations there are, so that none of them is changed later. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Change } from '../write.ts'
import { recordName } from './check.ts'
import { type AppFiles, RECORD } from './read.ts'

/** Adds those that are new. @param onlyCompare writes nothing @returns what changed, or would */
export function recordMigrations(
  root: string,
  { migrations, record = {} }: AppFiles,
  onlyCompare = false,
): Change[] {
  const missing = migrations.filter((file) => !Object.hasOwn(record, recordName(file)))
  if (missing.length === 0) return []
  const all = Object.fromEntries(migrations.map((file) => [recordName(file), file.hash]))
  if (!onlyCompare) writeFileSync(join(root, RECORD), `${JSON.stringify(all, null, 2)}\n`)
  return [{ path: RECORD, change: Object.keys(record).length > 0 ? 'changed' : 'added' }]
}
