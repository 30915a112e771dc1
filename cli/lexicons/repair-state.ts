/** How far a repair has come, in a file, so that it can go on after whatever has ended it. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSafely } from '../host/safe-file.ts'
import { CommandError } from '../terminal/errors.ts'

const VERSION = 1

/** How far it has come with one account. */
export interface AccountState {
  /** Key of the record that was looked at last: they are gone through from the newest to the oldest. */
  after?: string
  isDone?: true
}

interface Stored {
  version: number
  /** What is being done: of another lexicon or function nothing was done yet. */
  work: string
  accounts: Record<string, AccountState>
}

export class RepairState {
  readonly path: string
  readonly #stored: Stored

  private constructor(path: string, stored: Stored) {
    this.path = path
    this.#stored = stored
  }

  /** @param work what is being done, in a hash. @throws CommandError when the file is something else */
  static open(path: string, work: string): RepairState {
    const begun: Stored = { version: VERSION, work, accounts: {} }
    if (!existsSync(path)) return new RepairState(path, begun)
    let found: Partial<Stored>
    try {
      found = JSON.parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      throw new CommandError(`${path} is no state of a repair: name another with --state`, {
        cause,
      })
    }
    if (found?.version !== VERSION || typeof found.accounts !== 'object' || !found.accounts) {
      throw new CommandError(`${path} is no state of a repair: name another with --state`)
    }
    return new RepairState(path, found.work === work ? (found as Stored) : begun)
  }

  /** Whether an earlier run has begun this. */
  get isResumed(): boolean {
    return Object.keys(this.#stored.accounts).length > 0
  }

  of(did: string): AccountState {
    const { accounts } = this.#stored
    return Object.hasOwn(accounts, did) ? (accounts[did] ?? {}) : {}
  }

  /** Resolves what was done when the disk has it. */
  note(did: string, state: AccountState): void {
    this.#stored.accounts[did] = state
    writeFileSafely(this.path, `${JSON.stringify(this.#stored)}\n`)
  }

  /** All is done: another run begins anew. */
  end(): void {
    rmSync(this.path, { force: true })
  }
}
