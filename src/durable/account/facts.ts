import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { AccountFacts } from '../../storage/directory/account-list.ts'
import type { Job } from '../scheduler.ts'

/** How many changes the directory has not been told of. */
const UNTOLD = 'facts untold'

/** When it was last told something, and how much was stored then. */
const TOLD_ON = 'facts told on'

const DAY = 24 * 60 * 60 * 1000

/** What is stored since is told on the same day when it is a quarter more than it was, and so many bytes. */
const QUARTER = 0.25
const NOTABLE = 64 * 1024

interface Told {
  /** Days since the epoch. */
  day: number
  bytes: number
}

export interface FactsParts {
  kv: SyncKvStorage
  profile: Profile
  /** Whether an authenticator app is on. */
  hasTotp(): boolean
  hasPasskey(): boolean
  /** Bytes of repository and blobs. */
  storedBytes(): number
  directory(): DirectoryClient
  /** Starts the job. */
  start(): void
}

/**
 * Tells the directory what its lists of accounts show and only the account knows. That there is something to tell is
 * noted with the change; what is told is how things are then, so that telling twice does no harm.
 */
export class Facts implements Job {
  readonly name = 'tell the directory'
  readonly maxBackoff = 60_000
  readonly #parts: FactsParts
  /** As `TOLD_ON`, as far as that was looked at. */
  #told: Told | undefined

  constructor(parts: FactsParts) {
    this.#parts = parts
  }

  /** To be called in the turn of a change of what `read` reads. */
  changed(): void {
    const { kv, start } = this.#parts
    kv.put(UNTOLD, (kv.get<number>(UNTOLD) ?? 0) + 1)
    start()
  }

  /**
   * To be called when more or less is stored: how much is told with the first change of a day, and when it has grown by a quarter,
   * so that a new account does not count as empty for a day. Reads a value once in the life of the object.
   */
  stored(): void {
    const { kv, storedBytes } = this.#parts
    this.#told ??= toldOf(kv.get<Told | number>(TOLD_ON))
    const { day, bytes } = this.#told
    const now = { day: Math.floor(Date.now() / DAY), bytes: storedBytes() }
    if (day === now.day && now.bytes < bytes + Math.max(bytes * QUARTER, NOTABLE)) return
    // Once, though what is told is on its way for a while.
    this.#told = now
    this.changed()
  }

  due(): number | undefined {
    return this.#parts.kv.get(UNTOLD) === undefined ? undefined : Date.now()
  }

  async run(): Promise<void> {
    const { kv, profile, directory } = this.#parts
    // Whoever has noted a change may be in the middle of a transaction: what comes of it is told.
    await Promise.resolve()
    for (;;) {
      const told = kv.get<number>(UNTOLD)
      if (told === undefined) return
      const isHere = !profile.isDeleted() && profile.pending() === undefined
      const did = profile.did()
      const facts = isHere ? this.read() : undefined
      if (facts && did !== undefined) await directory().accounts.setFacts(did, facts)
      // Meanwhile something else may have changed.
      if (kv.get<number>(UNTOLD) !== told) continue
      kv.delete(UNTOLD)
      this.#told = { day: Math.floor(Date.now() / DAY), bytes: facts?.storedBytes ?? 0 }
      kv.put<Told>(TOLD_ON, this.#told)
      return
    }
  }

  read(): AccountFacts {
    const { profile, hasTotp } = this.#parts
    const { status, deactivatedAt, email, emailConfirmedAt, emailAuthFactor, deleteAfter } =
      profile.get()
    const hasPasskey = this.#parts.hasPasskey()
    const attention = [
      ...(deleteAfter === null ? [] : [`to be deleted after ${deleteAfter.slice(0, 10)}`]),
      ...(profile.passwordHash() === null && !hasPasskey ? ['nobody can sign in'] : []),
    ]
    return {
      status,
      deactivatedAt,
      email,
      emailConfirmedAt,
      hasFactor: hasTotp() || emailAuthFactor || hasPasskey,
      attention: attention.length > 0 ? attention.join('; ') : null,
      storedBytes: this.#parts.storedBytes(),
    }
  }
}

/** Releases of before kept the day alone. */
const toldOf = (stored: Told | number | undefined): Told =>
  typeof stored === 'object' ? stored : { day: stored ?? 0, bytes: 0 }
