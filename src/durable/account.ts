import { DurableObject } from 'cloudflare:workers'
import { createServiceJwt } from '@atproto/xrpc-server'
import { hashPassword, verifyPassword } from '../auth/password.ts'
import { seal, unseal } from '../auth/seal.ts'
import { SigningKey } from '../auth/signing-key.ts'
import { type Config, readConfig } from '../config.ts'
import type { Env } from '../env.ts'
import { BlobIndex, type BlobRow, type ListBlobsOptions } from '../storage/account/blobs.ts'
import { createAccount } from '../storage/account/create.ts'
import { exportCar } from '../storage/account/export.ts'
import { readImport } from '../storage/account/import.ts'
import { Outbox } from '../storage/account/outbox.ts'
import { type PackedRecords, packRecords } from '../storage/account/packed.ts'
import {
  type Account,
  type AccountStatus,
  type NewAccount,
  Profile,
} from '../storage/account/profile.ts'
import type { ListOptions, StoredRecord } from '../storage/account/records.ts'
import { Repo, type RepoParts, type WriteBatch, type WriteResult } from '../storage/account/repo.ts'
import { Retired } from '../storage/account/retired.ts'
import { migrations } from '../storage/account/schema.ts'
import { type Session, Sessions } from '../storage/account/sessions.ts'
import { dropStaging } from '../storage/account/staging.ts'
import { cidString } from '../storage/cid-string.ts'
import { StorageError } from '../storage/error.ts'
import { migrate } from '../storage/migrate.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'
import { AccountChores } from './account-chores.ts'
import { type Outcome, settle } from './outcome.ts'

const SIGNING_KEY = 'signing key'

/** What it takes to make an account. */
export interface AccountInput {
  did: string
  handle: string
  email: string | null
  password: string | null
}

/** What `describeRepo` and DID documents are made of. */
export interface Description {
  account: Account
  collections: string[]
  /** did:key */
  signingKey: string
}

/** Lifetime of a service token and what it is good for. */
export interface ServiceTokenInput {
  aud: string
  lxm: string | null
  /** Seconds since the epoch. */
  exp?: number
}

/**
 * One account: its repository, blobs index, sessions and outbox. Named by DID. A thin shell: what it
 * does is in `src/storage/account`; it owns the signing key in memory, the alarm, and the order of
 * writes.
 */
export class AccountObject extends DurableObject<Env> {
  readonly #config: Config
  readonly #profile: Profile
  readonly #repo: Repo
  readonly #blobs: BlobIndex
  readonly #sessions: Sessions
  readonly #chores: AccountChores
  readonly #retired: Retired
  readonly #parts: RepoParts
  readonly #counter: RowCounter | undefined
  #key: SigningKey | undefined
  #importing = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { storage } = ctx
    migrate(storage, migrations)
    this.#config = readConfig({ ...env })
    this.#counter = this.#config.devMode ? countRows(storage.sql) : undefined
    const sql = this.#counter?.sql ?? storage.sql
    this.#profile = new Profile(sql)
    this.#sessions = new Sessions(sql)
    this.#blobs = new BlobIndex(sql)
    this.#retired = new Retired(sql)
    const outbox = new Outbox(sql)
    this.#parts = { storage, sql, outbox, blobs: this.#blobs, retired: this.#retired }
    this.#repo = new Repo(this.#parts)
    const did = () => this.#profile.get().did
    this.#chores = new AccountChores(ctx, env, outbox, this.#blobs, did)
    if (!outbox.isEmpty()) this.#chores.soon()
  }

  /**
   * Makes the account with a fresh key and an empty repository. The caller has reserved its names: an
   * account that is here already was made by an attempt that broke off before anybody could find it, and
   * is completed.
   */
  create(input: AccountInput): Promise<Outcome<void>> {
    return settle(async () => {
      const key = SigningKey.generate()
      const signingKey = await seal(this.#config.keySecret, SIGNING_KEY, key.toBytes())
      const password = input.password === null ? null : await hashPassword(input.password)
      const account: NewAccount = { ...input, password, signingKey, status: 'active' }
      if (this.#profile.exists()) {
        this.#profile.complete(account)
        return
      }
      createAccount(this.#parts, this.#profile, this.#repo, key, account)
      this.#key = key
      this.#chores.soon()
    })
  }

  getAccount(): Promise<Outcome<Account>> {
    return settle(() => this.#profile.get())
  }

  /** Whether `password` is right; if so, opens a session. */
  openSession(password: string): Promise<Outcome<{ account: Account; session: Session } | null>> {
    return settle(async () => {
      const stored = this.#profile.passwordHash()
      if (!stored || !(await verifyPassword(password, stored))) return null
      const account = this.#profile.get()
      return { account, session: this.#sessions.open('com.atproto.access', null) }
    })
  }

  /** Trades the refresh token `id` for its successor. */
  rotateSession(id: string): Promise<Outcome<{ account: Account; session: Session }>> {
    return settle(() => {
      const account = this.#profile.get()
      if (account.status === 'takendown') {
        throw new StorageError('AccountTakedown', 'Account has been taken down', 401)
      }
      return { account, session: this.#sessions.rotate(id) }
    })
  }

  closeSession(id: string): void {
    this.#sessions.close(id)
  }

  /** Applies writes in one commit. */
  write(batch: WriteBatch): Promise<Outcome<WriteResult>> {
    return settle(async () => {
      const key = await this.#signingKey()
      // From here on nothing awaits: no other write comes between reading and storing.
      const { did } = this.#profile.getWritable()
      const result = this.#repo.write(did, key, batch)
      if (result.commit) this.#chores.soon()
      return result
    })
  }

  getRecord(collection: string, rkey: string, cid?: string): Promise<Outcome<StoredRecord>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#repo.records.get(collection, rkey, cid)
    })
  }

  listRecords(options: ListOptions): Promise<Outcome<PackedRecords>> {
    return settle(() => {
      this.#profile.getActive()
      return packRecords(this.#repo.records.list(options))
    })
  }

  describe(): Promise<Outcome<Description>> {
    return settle(async () => ({
      account: this.#profile.getActive(),
      collections: this.#repo.records.collections(),
      signingKey: (await this.#signingKey()).did(),
    }))
  }

  latestCommit(): Promise<Outcome<{ cid: string; rev: string }>> {
    return settle(() => {
      this.#profile.getActive()
      const { cid, rev } = this.#repo.head()
      return { cid: cidString(cid), rev }
    })
  }

  /** Head and status, whatever the status is. */
  status(): Promise<Outcome<{ head: string; rev: string; status: AccountStatus }>> {
    return settle(() => {
      const { cid, rev } = this.#repo.head()
      return { head: cidString(cid), rev, status: this.#profile.get().status }
    })
  }

  /**
   * The repository as a CAR file, one state of it whatever is written meanwhile; with `since`, only
   * what came after that rev.
   */
  exportRepo(since?: string): Promise<Outcome<ReadableStream<Uint8Array>>> {
    return settle(() => {
      this.#profile.getActive()
      return exportCar(this.#parts.sql, this.#repo.head(), { since, hold: this.#retired.hold() })
    })
  }

  /**
   * Replaces the repository by the one in a CAR file, once all of it has arrived and was verified.
   * `signingKeys` are those of the DID document; the account's own key is accepted too.
   */
  importRepo(
    car: ReadableStream<Uint8Array>,
    signingKeys: readonly string[],
  ): Promise<Outcome<void>> {
    return settle(async () => {
      if (this.#importing) throw new StorageError('InvalidRequest', 'An import is running already')
      this.#importing = true
      try {
        const key = await this.#signingKey()
        const { did } = this.#profile.get()
        const { sql } = this.#parts
        const verified = await readImport(sql, car, {
          did,
          signingKeys: [...signingKeys, key.did()],
          after: this.#repo.head().rev,
        })
        this.#repo.replace(did, key, verified)
        this.#chores.soon()
      } finally {
        this.#importing = false
        dropStaging(this.#parts.sql)
      }
    })
  }

  /** A CAR file that proves what is at a path, or that nothing is. */
  proveRecord(collection: string, rkey: string): Promise<Outcome<Uint8Array>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#repo.proveRecord(`${collection}/${rkey}`)
    })
  }

  /** A CAR file of the blocks with these CIDs. */
  getBlocks(cids: readonly string[]): Promise<Outcome<Uint8Array>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#repo.getBlocks(cids)
    })
  }

  /** Notes an uploaded blob. */
  addBlob(blob: BlobRow): Promise<Outcome<void>> {
    return settle(() => {
      this.#profile.get()
      this.#blobs.add(blob)
      this.#chores.soon()
    })
  }

  /** Where the bytes of a blob are, provided that a record refers to it. */
  getBlob(cid: string): Promise<Outcome<BlobRow>> {
    return settle(() => {
      this.#profile.getActive()
      const blob = this.#blobs.getPermanent(cid)
      if (!blob) throw new StorageError('BlobNotFound', 'Blob not found')
      return blob
    })
  }

  /** CIDs of the blobs that records refer to. */
  listBlobs(options: ListBlobsOptions): Promise<Outcome<string[]>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#blobs.list(options)
    })
  }

  /** Blobs that records refer to but nobody has uploaded, and a record that does. */
  listMissingBlobs(
    limit: number,
    cursor?: string,
  ): Promise<Outcome<{ cid: string; path: string }[]>> {
    return settle(() => this.#blobs.listMissing(limit, cursor))
  }

  /** Rows read and written since this was last asked for; counted in development only. */
  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  /** A service auth token signed with the account's key. */
  signServiceToken({ aud, lxm, exp }: ServiceTokenInput): Promise<Outcome<string>> {
    return settle(async () => {
      const { did } = this.#profile.getWritable()
      return createServiceJwt({ iss: did, aud, lxm, exp, keypair: await this.#signingKey() })
    })
  }

  override alarm(): Promise<void> {
    return this.#chores.onAlarm()
  }

  async #signingKey(): Promise<SigningKey> {
    if (!this.#key) {
      const sealed = this.#profile.sealedSigningKey()
      this.#key = SigningKey.fromBytes(await unseal(this.#config.keySecret, SIGNING_KEY, sealed))
    }
    return this.#key
  }
}
