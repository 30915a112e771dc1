/** Runs that are under way: what they have done so far, for the case that they are killed. */

import { hostname } from 'node:os'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import { type BackupFiles, MAX_AT_ONCE, readSmall } from '../../src/services/backup/files.ts'
import { FOLDERS, type ManifestAccount } from '../../src/services/backup/format.ts'
import { type Mark, parseJson } from '../../src/services/backup/shape.ts'

/** How often it is written down what was done, in ms. */
const NOTE_EVERY = 5_000

/** After so long, in ms, a run of another machine counts as killed. */
const ABANDONED = 24 * 60 * 60 * 1000

/** Stands in the store from the beginning of a run to its end. */
export class RunningMark {
  readonly #files: BackupFiles
  readonly #name: string
  readonly #mark: Mark
  /** Marks of runs that were killed. */
  readonly #left: Map<string, Mark>
  #notedAt = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(files: BackupFiles, name: string, mark: Mark, left: Map<string, Mark>) {
    this.#files = files
    this.#name = name
    this.#mark = mark
    this.#left = left
  }

  static async begin(files: BackupFiles, at: string, id: string): Promise<RunningMark> {
    const left = new Map<string, Mark>()
    for (const [name, mark] of await marksOf(files)) if (isKilled(mark)) left.set(name, mark)
    const own = { startedAt: at, machine: hostname(), pid: process.pid, accounts: [] }
    const begun = new RunningMark(files, `${FOLDERS.running}/${id}.json`, own, left)
    await begun.#write()
    return begun
  }

  /** Accounts that runs which were killed have backed up. */
  abandoned(): ManifestAccount[] {
    return [...this.#left.values()].flatMap(({ accounts }) => accounts)
  }

  /** An account is backed up. Resolves when that is written down, if it is time to. */
  async note(entry: ManifestAccount): Promise<void> {
    this.#mark.accounts.push(entry)
    if (Date.now() - this.#notedAt < NOTE_EVERY) return
    this.#notedAt = Date.now()
    this.#writing = this.#writing.then(() => this.#write())
    await this.#writing
  }

  /** The manifest is there: marks are not needed any more. */
  async end(): Promise<void> {
    await this.#writing
    for (const name of [...this.#left.keys(), this.#name]) await this.#files.store.remove(name)
  }

  /** Since when another run is under way. */
  async other(): Promise<string | undefined> {
    const marks = await marksOf(this.#files)
    return [...marks.values()].find((mark) => !isKilled(mark))?.startedAt
  }

  async #write(): Promise<void> {
    const kept = await this.#files.keep([Buffer.from(JSON.stringify(this.#mark))])
    await this.#files.store.write(this.#name, kept)
  }
}

async function marksOf(files: BackupFiles): Promise<Map<string, Mark>> {
  const marks = new Map<string, Mark>()
  for (const name of (await files.store.list(FOLDERS.running)).keys()) {
    try {
      const bytes = await readSmall(files.store, name, MAX_AT_ONCE)
      if (bytes) marks.set(name, parseJson('mark', bytes.toString(), name))
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error
      // Nobody goes on with one that is none. One that did not arrive may be of a run that is under way, and stays.
      await files.store.remove(name)
    }
  }
  return marks
}

function isKilled({ startedAt, machine, pid }: Mark): boolean {
  // Nor is one of tomorrow believed for ever.
  if (machine !== hostname()) return Math.abs(Date.now() - Date.parse(startedAt)) > ABANDONED
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
