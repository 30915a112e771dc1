/** The files of `src/jobs/`: a job each, by the name of its file. What is in them the compiler checks. */
import type { Diagnostic } from '../diagnostics.ts'
import { JOBS } from '../layout.ts'

export interface CheckedJobs {
  diagnostics: Diagnostic[]
  /** In order. */
  names: string[]
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** @param files of the folder that are no tests */
export function checkJobs(files: readonly { path: string }[]): CheckedJobs {
  const found: CheckedJobs = { diagnostics: [], names: [] }
  for (const { path } of files) {
    const name = path.slice(JOBS.length + 1).replace(/\.ts$/, '')
    if (path.endsWith('.ts') && NAME.test(name)) {
      found.names.push(name)
      continue
    }
    const message = `a job is ${JOBS}/name-of-it.ts; what is none belongs outside ${JOBS}/`
    found.diagnostics.push({ severity: 'error', file: path, message })
  }
  return found
}
