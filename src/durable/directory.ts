import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'
import { Accounts, type Resident } from '../storage/directory/accounts.ts'
import { migrations } from '../storage/directory/schema.ts'
import { migrate } from '../storage/migrate.ts'
import { type Outcome, settle } from './outcome.ts'

/** The one object that knows who lives on this host. A thin shell over `src/storage/directory`. */
export class DirectoryObject extends DurableObject<Env> {
  readonly #accounts: Accounts

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, migrations)
    this.#accounts = new Accounts(ctx.storage.sql)
  }

  /** Holds the names of an account that is about to be made. */
  reserve(resident: Resident): Promise<Outcome<void>> {
    return settle(() => this.#accounts.reserve(resident))
  }

  confirm(did: string): void {
    this.#accounts.confirm(did)
  }

  release(did: string): void {
    this.#accounts.release(did)
  }

  /** Finds an account by DID, handle or e-mail address. */
  find(by: 'did' | 'handle' | 'email', value: string): Resident | undefined {
    if (by === 'did') return this.#accounts.byDid(value)
    return by === 'handle' ? this.#accounts.byHandle(value) : this.#accounts.byEmail(value)
  }

  /** Accounts in order of their DIDs, at most `limit`, after `cursor`. */
  list(limit: number, cursor?: string): Resident[] {
    return this.#accounts.list(limit, cursor)
  }
}
