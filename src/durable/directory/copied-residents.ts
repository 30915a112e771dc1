import type { DirectoryVersion, ResidentAnswer, ResidentsRpc } from '../../contracts/residents.ts'
import type { DirectoryPlace } from '../../kernel/directory-shards.ts'
import { msSince } from '../../kernel/ms-since.ts'
import { orAfter } from '../../kernel/within-time.ts'
import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { NameKind } from '../../storage/directory/accounts.ts'
import type { CopiedAccounts } from '../../storage/directory/copied-accounts.ts'
import type { RecentChanges } from './recent-changes.ts'

/** How old the copy may be when somebody is found in it, in ms: isolates trust the answer for the rest of their time. */
const TRUST = 2_500

/** ms that the directory may take to answer. */
const LONGEST = 30_000

/** ms between two pages of a copy of all accounts, so that it holds up nobody. */
const PAUSE = 20

/** The directory does not answer. */
export class SlowDirectoryError extends Error {
  override name = 'SlowDirectoryError'
}

interface Parts {
  place: DirectoryPlace
  copy: CopiedAccounts
  recent: RecentChanges
  directory: () => Pick<DirectoryClient, 'accounts' | 'changes'>
  /** Has everything copied. */
  startCopying(): void
}

/**
 * Answers for the names that belong to this object, from copies. The directory decides who has a name; here it is asked
 * what has changed: when nobody has asked for `TRUST`, when a name is not found, and for an address. Questions that come
 * meanwhile share the answer, so the directory is asked by one call at a time, whatever is asked here.
 */
export class CopiedResidents implements ResidentsRpc {
  readonly #parts: Parts
  /** When the copy was as the directory is, in ms since the epoch. */
  #checkedAt = 0
  /** A check that has not begun yet. */
  #next: Promise<void> | undefined
  /** Resolves when nothing of the directory's is on its way: a later answer must not be overwritten by an earlier one. */
  #idle: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async find(by: NameKind, value: string, since?: DirectoryVersion): Promise<ResidentAnswer> {
    const name = by === 'did' ? value : value.toLowerCase()
    // Who has just got the address of somebody else signs in with it.
    const isFresh = by !== 'email' && this.#age < TRUST
    if (!isFresh) await this.check()
    let answer = this.#answer(by, name, since)
    if (answer.account || (!isFresh && this.isComplete)) return answer
    if (isFresh && this.isComplete) {
      await this.check()
      answer = this.#answer(by, name, since)
      // Meanwhile it may have had to begin anew.
      if (answer.account || this.isComplete) return answer
    }
    return { ...answer, account: await this.#parts.directory().accounts.find(by, name) }
  }

  /** Learns what has changed. @returns a check that begins after this call */
  check(): Promise<void> {
    this.#next ??= this.#inTurn(async () => {
      this.#next = undefined
      await this.#catchUp()
    })
    return this.#next
  }

  /** Copies another page of all accounts. @returns whether there may be more */
  async copyPage(): Promise<boolean> {
    await this.#inTurn(async () => {
      const { copy, place } = this.#parts
      const { state } = copy
      if (!state || state.copying === null) return
      const { accounts, looked, last } = await inTime(this.#changes.page(state.copying, place))
      copy.apply(
        accounts.map((account) => [account.did, account]),
        { ...state, copying: last, looked: (state.looked ?? 0) + looked, at: Date.now() },
      )
    })
    // Where all objects share a thread, requests from outside come only when there is nothing else to do.
    await scheduler.wait(PAUSE)
    return !this.isComplete
  }

  /** Whether all accounts are copied. */
  get isComplete(): boolean {
    return this.#parts.copy.state?.copying === null
  }

  /** How old the copy is, in ms. */
  get #age(): number {
    return msSince(this.#checkedAt)
  }

  get #changes(): DirectoryClient['changes'] {
    return this.#parts.directory().changes
  }

  /** In one turn: the version is that of the account. */
  #answer(by: NameKind, name: string, since: DirectoryVersion | undefined): ResidentAnswer {
    const { copy, recent } = this.#parts
    return {
      account: copy.find(by, name),
      version: recent.version,
      changed: recent.since(since),
      age: this.#age,
    }
  }

  async #catchUp(): Promise<void> {
    const { copy, recent, startCopying } = this.#parts
    for (;;) {
      const asked = Date.now()
      const { state } = copy
      const { position, accounts, more, anew } = await inTime(this.#changes.since(state?.position))
      if (anew || !state) {
        copy.restart(position)
        recent.begin()
      } else if (accounts.length > 0) {
        copy.apply(accounts, { ...state, position })
        for (const [did] of accounts) recent.note(did)
      }
      if (more) continue
      this.#checkedAt = asked
      if (!this.isComplete) startCopying()
      return
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#idle.then(work)
    this.#idle = done.catch(() => undefined)
    return done
  }
}

const inTime = <T>(answer: Promise<T>): Promise<T> =>
  orAfter(answer, LONGEST, (): never => {
    throw new SlowDirectoryError(`the directory has not answered within ${LONGEST} ms`)
  })
