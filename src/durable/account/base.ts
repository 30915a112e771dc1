import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../../contracts/env.ts'
import { type Config, readConfig } from '../../kernel/config/config.ts'
import { seal, unseal } from '../../kernel/crypto/seal.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../services/identity/plc.ts'
import { oauth } from '../../services/objects/stubs.ts'
import { AppPasswords } from '../../storage/account/app-passwords.ts'
import { BlobIndex } from '../../storage/account/blobs.ts'
import { Retired } from '../../storage/account/export-snapshot.ts'
import { Lifecycle } from '../../storage/account/lifecycle.ts'
import { Outbox } from '../../storage/account/outbox.ts'
import { Preferences } from '../../storage/account/preferences.ts'
import { assertNotTakendown, type Profile } from '../../storage/account/profile.ts'
import type { Repo, RepoParts } from '../../storage/account/repo.ts'
import { migrations } from '../../storage/account/schema.ts'
import { Sessions } from '../../storage/account/sessions.ts'
import { migrate } from '../../storage/migrate.ts'
import { type Budget, RateCounter, type Spending } from '../../storage/rate-counter.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { countRows, type RowCounter, type RowCounts } from '../../storage/sql.ts'
import { AccountChores } from './background.ts'
import { Unfinished } from './recovery.ts'

const SIGNING_KEY = 'signing key'

/** What all parts of an account's object share: its stores, its signing key in memory, its alarm. */
export class AccountBase extends DurableObject<Env> {
  protected readonly config: Config
  protected readonly profile: Profile
  protected readonly repo: Repo
  protected readonly lifecycle: Lifecycle
  protected readonly blobs: BlobIndex
  protected readonly sessions: Sessions
  protected readonly appPasswords: AppPasswords
  protected readonly preferences: Preferences
  protected readonly chores: AccountChores
  protected readonly parts: RepoParts
  readonly #rates: RateCounter
  readonly #counter: RowCounter | undefined
  #key: SigningKey | undefined
  /** Settles when a change of the signing key that is under way is over. */
  #keyChange: Promise<void> | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { storage } = ctx
    migrate(storage, migrations)
    this.config = readConfig({ ...env })
    this.#counter = this.config.devMode ? countRows(storage.sql) : undefined
    const sql = this.#counter?.sql ?? storage.sql
    this.#rates = new RateCounter(sql)
    this.sessions = new Sessions(sql)
    this.appPasswords = new AppPasswords(sql)
    this.preferences = new Preferences(sql)
    this.blobs = new BlobIndex(sql)
    const outbox = new Outbox(sql)
    this.parts = { storage, sql, outbox, blobs: this.blobs, retired: new Retired(sql) }
    this.lifecycle = new Lifecycle(this.parts)
    this.profile = this.lifecycle.profile
    this.repo = this.lifecycle.repo
    const did = () => this.profile.did() ?? ''
    const unfinished = new Unfinished({
      env,
      config: this.config,
      profile: this.profile,
      outbox,
      hasUnwantedBlobs: () => this.blobs.unwanted(1).length > 0,
      open: () => this.openPending(),
      destroy: () => this.lifecycle.destroy(),
      wipe: () => this.#wipe(),
    })
    const state = () => this.#sourceState()
    this.chores = new AccountChores(ctx, env, outbox, this.blobs, did, state, unfinished)
    if (!outbox.isEmpty()) this.chores.soon()
  }

  /** Rows read and written since this was last asked for; counted in development only. */
  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  /** What the sequencer keeps for listings of all accounts. */
  #sourceState(): SourceState {
    const gone = this.profile.isDeleted() || this.profile.pending() !== undefined
    if (gone) return { head: null, rev: null, status: 'deleted' }
    const { cid, rev } = this.repo.head()
    return { head: cid, rev, status: this.profile.get().status }
  }

  /** Counts what the account does often. */
  spend(spendings: readonly Spending[]): Budget | undefined {
    return this.#rates.spend(spendings)
  }

  override alarm(): Promise<void> {
    return this.chores.onAlarm()
  }

  /**
   * Lets a request with an access token pass: its session is open and the account is not taken down.
   *
   * @param session the session's family; null where another object has looked at the token; undefined for
   *   requests that need none
   * @throws StorageError `ExpiredToken`, `AccountTakedown`
   */
  protected admitSession(session: string | null | undefined, evenTakendown = false): void {
    if (session === undefined) return
    if (session !== null) this.sessions.assertOpen(session)
    if (!evenTakendown) assertNotTakendown(this.profile.get())
  }

  /** Ends what browsers and apps were given for this account by the OAuth server. */
  protected async endOAuth(): Promise<void> {
    const did = this.profile.did()
    if (did !== undefined) await oauth(this.env).forgetAccount(did, { devices: true })
  }

  /** The signing key, once no change of it is under way, nor one that broke off. */
  protected async signingKey(): Promise<SigningKey> {
    await this.#keyChange
    const sealed = this.profile.sealedNextKey()
    if (sealed) await this.changingKey(() => this.#settleKeyChange(sealed))
    this.#key ??= await this.unsealKey(this.profile.sealedSigningKey())
    return this.#key
  }

  /** Finds out whether a change of the key, during which the process died, had come to be known. */
  async #settleKeyChange(sealed: Uint8Array): Promise<void> {
    const { did } = this.profile.get()
    const { verificationMethods } = await new PlcDirectory(this.config).documentData(did)
    const key = await this.unsealKey(sealed)
    if (verificationMethods.atproto === key.did()) {
      this.lifecycle.changeKey(key, sealed)
      this.#key = key
      this.chores.soon()
    } else {
      this.profile.update({ nextSigningKey: null })
    }
  }

  /** Holds back whatever is to be signed until `change` is over. */
  protected async changingKey<T>(change: () => Promise<T>): Promise<T> {
    while (this.#keyChange) await this.#keyChange
    const result = change()
    this.#keyChange = result.then(
      () => undefined,
      () => undefined,
    )
    try {
      return await result
    } finally {
      this.#keyChange = undefined
    }
  }

  /** Opens the account, unless it is open. */
  protected async openPending(): Promise<void> {
    const key = await this.signingKey()
    const becomes = this.profile.pending()
    if (becomes === undefined) return
    this.lifecycle.open(key, becomes)
    this.chores.soon()
  }

  /** Leaves an empty store, as of an account that never was. */
  async #wipe(): Promise<void> {
    const { storage, outbox } = this.parts
    await storage.deleteAll()
    migrate(storage, migrations)
    outbox.forget()
    this.profile.forget()
    this.repo.forget()
    this.#key = undefined
  }

  protected useKey(key: SigningKey | undefined): void {
    this.#key = key
  }

  protected sealKey(key: SigningKey): Promise<Uint8Array> {
    return seal(this.config.keySecret, SIGNING_KEY, key.toBytes())
  }

  protected async unsealKey(sealed: Uint8Array): Promise<SigningKey> {
    return SigningKey.fromBytes(await unseal(this.config.keySecret, SIGNING_KEY, sealed))
  }
}
