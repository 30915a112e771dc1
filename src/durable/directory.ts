import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'
import { Accounts, type Resident } from '../storage/directory/accounts.ts'
import { type ReservedKey, ReservedKeys } from '../storage/directory/reserved-keys.ts'
import { migrations } from '../storage/directory/schema.ts'
import { migrate } from '../storage/migrate.ts'
import { type Outcome, settle } from './outcome.ts'

/** The one object that knows who lives on this host. A thin shell over `src/storage/directory`. */
export class DirectoryObject extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage
  readonly #accounts: Accounts
  readonly #keys: ReservedKeys

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#storage = ctx.storage
    migrate(ctx.storage, migrations)
    this.#accounts = new Accounts(ctx.storage.sql)
    this.#keys = new ReservedKeys(ctx.storage.sql)
  }

  /** Holds the names of an account that is about to be made. */
  reserve(resident: Resident): Promise<Outcome<void>> {
    return this.#change(() => this.#accounts.reserve(resident))
  }

  /** The account is made; false when its reservation has lapsed. */
  confirm(resident: Pick<Resident, 'did' | 'handle'>): boolean {
    return this.#accounts.confirm(resident)
  }

  release(did: string): void {
    this.#accounts.release(did)
  }

  setHandle(did: string, handle: string): Promise<Outcome<void>> {
    return settle(() => this.#accounts.setHandle(did, handle))
  }

  setEmail(did: string, email: string): Promise<Outcome<void>> {
    return settle(() => this.#accounts.setEmail(did, email))
  }

  isHandleFree(handle: string): boolean {
    return this.#accounts.isHandleFree(handle)
  }

  remove(did: string): void {
    this.#accounts.remove(did)
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

  /** Keeps a signing key for an account to come; for a DID that has one, that one counts. */
  reserveKey(key: ReservedKey, did: string | null): ReservedKey {
    return this.#keys.add(key, did)
  }

  /** The signing key reserved for a DID, or under a public key. */
  reservedKey(by: 'did' | 'signingKey', value: string): ReservedKey | undefined {
    return by === 'did' ? this.#keys.forDid(value) : this.#keys.byPublicKey(value)
  }

  forgetKey(signingKey: string): void {
    this.#keys.remove(signingKey)
  }

  /** Does several things to the store, or, when one of them is refused, nothing. */
  #change<T>(work: () => T): Promise<Outcome<T>> {
    return settle(() => this.#storage.transactionSync(work))
  }
}
