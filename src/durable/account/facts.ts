import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { AccountFacts } from '../../storage/directory/account-list.ts'
import type { Job } from '../scheduler.ts'

/** How many changes the directory has not been told of. */
const UNTOLD = 'facts untold'

/** The day on which it was last told something, in days since the epoch. */
const TOLD_ON = 'facts told on'

const DAY = 24 * 60 * 60 * 1000

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
  #toldOn: number | undefined

  constructor(parts: FactsParts) {
    this.#parts = parts
  }

  /** To be called in the turn of a change of what `read` reads. */
  changed(): void {
    const { kv, start } = this.#parts
    kv.put(UNTOLD, (kv.get<number>(UNTOLD) ?? 0) + 1)
    start()
  }

  /** To be called when more or less is stored: how much is told at most once a day. Reads a value once a day. */
  stored(): void {
    const { kv } = this.#parts
    const today = Math.floor(Date.now() / DAY)
    if (this.#toldOn === today) return
    this.#toldOn = today
    if (kv.get<number>(TOLD_ON) !== today) this.changed()
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
      if (isHere && did !== undefined) await directory().accounts.setFacts(did, this.read())
      // Meanwhile something else may have changed.
      if (kv.get<number>(UNTOLD) !== told) continue
      kv.delete(UNTOLD)
      kv.put(TOLD_ON, Math.floor(Date.now() / DAY))
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
