/** Runs that are under way, as the Worker sees them: its own, and those of `cumulus backup` on machines. */
import { DamagedFileError } from './errors.ts'
import { type BackupFiles, readSmall } from './files.ts'
import { FOLDERS, type ManifestAccount } from './format.ts'
import { type Mark, parseJson } from './shape.ts'

/** A mark that is older, in ms, counts as left by a run that was killed, and others may have removed what it names. */
const ABANDONED = 24 * 60 * 60 * 1000

/** How often it is written down what was done, in ms. */
const NOTE_EVERY = 10_000

/** Bytes of a mark that a Worker has the memory for. */
const MAX_MARK = 12 * 1024 * 1024

const MARK = `${FOLDERS.running}/schedule.json`

/** Since when somebody else backs up to the same place, in words. */
export async function otherRun(files: BackupFiles): Promise<string | undefined> {
  for (const [name, size] of await files.store.list(FOLDERS.running)) {
    if (name === MARK) continue
    if (size > MAX_MARK) return `nobody knows when: ${name} is too large to be read here`
    const mark = await readMark(files, name).catch((error: unknown) => {
      // Nobody goes on with one that is none.
      if (error instanceof DamagedFileError) return undefined
      throw error
    })
    // Nor is one of tomorrow believed for ever.
    if (mark && Math.abs(Date.now() - Date.parse(mark.startedAt)) < ABANDONED) return mark.startedAt
  }
  return undefined
}

/** @throws DamagedFileError for what is none */
async function readMark({ store }: BackupFiles, name: string): Promise<Mark | undefined> {
  const bytes = await readSmall(store, name, MAX_MARK)
  return bytes && parseJson('mark', bytes.toString(), name)
}

/** What this run has done, as `cli/backup/running.ts` does it for the program: for the next trigger, and for other runs. */
export class OwnMark {
  readonly #files: BackupFiles
  /** Accounts that this run has backed up. */
  readonly done: ManifestAccount[]
  /** Those that an earlier one has, which was given up. */
  readonly before: ManifestAccount[]
  #notedAt = 0

  private constructor(files: BackupFiles, done: ManifestAccount[], before: ManifestAccount[]) {
    this.#files = files
    this.done = done
    this.before = before
  }

  static async begin(files: BackupFiles, goesOn: boolean): Promise<OwnMark> {
    const left = await readMark(files, MARK).catch(() => undefined)
    const isFresh = left && Date.now() - Date.parse(left.startedAt) < ABANDONED
    const accounts = (left?.accounts ?? []).filter(({ index }) => files.hasObject(index))
    const mark =
      goesOn && isFresh ? new OwnMark(files, accounts, []) : new OwnMark(files, [], accounts)
    await mark.write()
    return mark
  }

  get accounts(): number {
    return this.done.length
  }

  async note(entry: ManifestAccount): Promise<void> {
    this.done.push(entry)
    if (Date.now() - this.#notedAt >= NOTE_EVERY) await this.write()
  }

  /** With the time of now: as long as triggers come, this is no run that was killed. */
  async write(): Promise<void> {
    this.#notedAt = Date.now()
    const mark: Mark = {
      startedAt: new Date().toISOString(),
      machine: 'cloudflare',
      pid: 1,
      accounts: this.done,
    }
    await this.#files.store.write(MARK, await this.#files.keep([Buffer.from(JSON.stringify(mark))]))
  }

  /** The manifest is there: it is not needed any more. */
  async end(): Promise<void> {
    await this.#files.store.remove(MARK)
  }
}
