import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { Profile } from '../../storage/account/profile.ts'
import type { AccountFacts } from '../../storage/directory/account-list.ts'
import type { Job } from '../scheduler.ts'

/** How many changes the directory has not been told of. */
const UNTOLD = 'facts untold'

export interface FactsParts {
  kv: SyncKvStorage
  profile: Profile
  /** Whether an authenticator app is on. */
  hasTotp(): boolean
  hasPasskey(): boolean
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

  constructor(parts: FactsParts) {
    this.#parts = parts
  }

  /** To be called in the turn of a change of what `read` reads. */
  changed(): void {
    const { kv, start } = this.#parts
    kv.put(UNTOLD, (kv.get<number>(UNTOLD) ?? 0) + 1)
    start()
  }

  due(): number | undefined {
    return this.#parts.kv.get(UNTOLD) === undefined ? undefined : Date.now()
  }

  async run(): Promise<void> {
    const { kv, profile, directory } = this.#parts
    for (;;) {
      const told = kv.get<number>(UNTOLD)
      if (told === undefined) return
      const isHere = !profile.isDeleted() && profile.pending() === undefined
      const did = profile.did()
      if (isHere && did !== undefined) await directory().accounts.setFacts(did, this.read())
      // Meanwhile something else may have changed.
      if (kv.get<number>(UNTOLD) !== told) continue
      kv.delete(UNTOLD)
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
    }
  }
}
