/** `--profile <row>`: a V8 CPU profile of Cumulus while it serves one row. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Cleanup } from './cleanup.ts'
import type { Options } from './options.ts'
import { clear } from './progress.ts'
import { hottest, locator } from './report/hottest.ts'
import { profileImport } from './stages/profile-import.ts'
import { profileRow } from './stages/profile-row.ts'

/** Not in git. */
const FOLDER = join(import.meta.dirname, '.cache')

/** Prints where the time goes and writes `<row>.cpuprofile`, which DevTools and editors open. */
export async function profile(options: Options, cleanup: Cleanup): Promise<void> {
  const row = options.profile ?? ''
  const [size = 1000] = options.sizes
  const locate = locator()
  const { recorded, requests, summary } =
    row === 'importRepo'
      ? await profileImport(size, cleanup)
      : await profileRow(row, size, options.seconds, cleanup)
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${row}.cpuprofile`)
  writeFileSync(path, JSON.stringify(recorded))
  clear()
  process.stdout.write(
    `${row}, ${size} records, with the profiler: ${summary}\n\n` +
      `${hottest(recorded, requests, locate)}\nThe whole profile: ${relative(process.cwd(), path)}\n`,
  )
}
