/** Generates again when something changes on which the output depends. */
import { dirname, join } from 'node:path'
import { type GenerateResult, generate } from './generate.ts'
import { APP, COLLECTIONS, HANDLERS, JOBS, LEXICONS, POLICY } from './layout.ts'
import { watchFolders } from './watch-folders.ts'

/** Editors write a file in several steps; git writes many files at once. */
const QUIET_MS = 80

/**
 * Generates once and then after each burst of changes, until `signal` is aborted. Wrong input is reported
 * and waited out. `report` is called after each run with its start time.
 */
export async function watchProject(
  root: string,
  report: (result: GenerateResult, start: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  let running = false
  let again = false

  const run = async (): Promise<void> => {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      await runOnce(root, report)
    } while (again)
    running = false
  }
  const changed = (): void => {
    clearTimeout(timer)
    timer = setTimeout(run, QUIET_MS)
  }

  const folders = [LEXICONS, HANDLERS, COLLECTIONS, APP, JOBS, dirname(POLICY)].map((folder) =>
    join(root, folder),
  )
  const close = watchFolders(folders, changed)
  signal?.addEventListener('abort', () => {
    clearTimeout(timer)
    close()
    stop()
  })
  await run()
  await stopped
}

async function runOnce(
  root: string,
  report: (result: GenerateResult, start: number) => void,
): Promise<void> {
  const start = performance.now()
  try {
    report(await generate(root), start)
  } catch (error) {
    // A file may vanish between listing and reading it; the change that follows sets it right.
    console.error(error)
  }
}
