import { DurableObject } from 'cloudflare:workers'
import { Secp256k1Keypair } from '@atproto/crypto'
import { createServiceJwt } from '@atproto/xrpc-server'
import { hashPassword, verifyPassword } from '../auth/password.ts'
import { seal, unseal } from '../auth/seal.ts'
import { type Config, readConfig } from '../config.ts'
import type { Env } from '../env.ts'
import { BlobIndex, type BlobRow } from '../storage/account/blobs.ts'
import { createAccount } from '../storage/account/create.ts'
import { exportCar } from '../storage/account/export.ts'
import { Outbox } from '../storage/account/outbox.ts'
import { type Account, Profile } from '../storage/account/profile.ts'
import type { ListOptions, StoredRecord } from '../storage/account/records.ts'
import { Repo, type WriteBatch, type WriteResult } from '../storage/account/repo.ts'
import { Retired } from '../storage/account/retired.ts'
import { migrations } from '../storage/account/schema.ts'
import { type Session, Sessions } from '../storage/account/sessions.ts'
import { StorageError } from '../storage/error.ts'
import { migrate } from '../storage/migrate.ts'
import { sequencer } from './names.ts'
import { type Outcome, settle } from './outcome.ts'

/** How long after a write the alarm looks whether its event was delivered, in ms. */
const RETRY = 10_000

/** Bodies sent to the sequencer at once, in bytes; an RPC message may have 32 MiB. */
const DELIVERY_SIZE = 8 * 1024 * 1024

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
  readonly #outbox: Outbox
  readonly #retired: Retired
  #keypair: Secp256k1Keypair | undefined
  #alarmAt = 0
  #delivery: Promise<void> | undefined

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { storage } = ctx
    migrate(storage, migrations)
    this.#config = readConfig({ ...env })
    this.#profile = new Profile(storage.sql)
    this.#blobs = new BlobIndex(storage.sql)
    this.#retired = new Retired(storage.sql)
    this.#repo = new Repo(storage, this.#blobs, this.#retired)
    this.#sessions = new Sessions(storage.sql)
    this.#outbox = new Outbox(storage.sql)
    if (!this.#outbox.isEmpty()) this.#deliverSoon()
  }

  /** Makes the account with a fresh key and an empty repository. */
  create(input: AccountInput): Promise<Outcome<void>> {
    return this.#exclusively(async () => {
      const keypair = await Secp256k1Keypair.create({ exportable: true })
      const signingKey = await seal(this.#config.keySecret, SIGNING_KEY, await keypair.export())
      const password = input.password === null ? null : await hashPassword(input.password)
      await createAccount(this.ctx.storage, this.#profile, this.#repo, keypair, {
        ...input,
        password,
        signingKey,
        status: 'active',
      })
      this.#keypair = keypair
      this.#deliverSoon()
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
    return this.#exclusively(async () => {
      const { did } = this.#profile.getWritable()
      const result = await this.#repo.write(did, await this.#signingKey(), batch)
      if (result.commit) this.#deliverSoon()
      return result
    })
  }

  getRecord(collection: string, rkey: string, cid?: string): Promise<Outcome<StoredRecord>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#repo.records.getOrThrow(collection, rkey, cid)
    })
  }

  listRecords(options: ListOptions): Promise<Outcome<StoredRecord[]>> {
    return settle(() => {
      this.#profile.getActive()
      return this.#repo.records.list(options)
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
      return { cid, rev }
    })
  }

  /** Head and status, whatever the status is. */
  status(): { head: string; rev: string; active: boolean } {
    const { cid, rev } = this.#repo.head()
    return { head: cid, rev, active: this.#profile.get().status === 'active' }
  }

  /** The whole repository as a CAR file, one state of it whatever is written meanwhile. */
  exportRepo(): Promise<Outcome<ReadableStream<Uint8Array>>> {
    return settle(() => {
      this.#profile.getActive()
      const head = this.#repo.head()
      return exportCar(this.ctx.storage.sql, this.#retired, head, this.#retired.hold())
    })
  }

  /** Notes an uploaded blob; returns the key of bytes that are not needed, if any. */
  addBlob(blob: Omit<BlobRow, 'referenced'>): Promise<Outcome<string | undefined>> {
    return settle(() => {
      this.#profile.get()
      return this.#blobs.add(blob)
    })
  }

  /** Where the bytes of a blob are, provided that a record refers to it. */
  getBlob(cid: string): Promise<Outcome<BlobRow>> {
    return settle(() => {
      this.#profile.getActive()
      const blob = this.#blobs.get(cid)
      if (!blob?.referenced) throw new StorageError('BlobNotFound', 'Blob not found')
      return blob
    })
  }

  /** A service auth token signed with the account's key. */
  signServiceToken({ aud, lxm, exp }: ServiceTokenInput): Promise<Outcome<string>> {
    return settle(async () => {
      const { did } = this.#profile.getWritable()
      return createServiceJwt({ iss: did, aud, lxm, exp, keypair: await this.#signingKey() })
    })
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = 0
    await this.#deliver()
  }

  /**
   * Runs `work` with nothing else going on in this object: building a commit awaits, and another
   * write must not start from the same parent meanwhile.
   */
  #exclusively<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    return this.ctx.blockConcurrencyWhile(() => settle(work))
  }

  async #signingKey(): Promise<Secp256k1Keypair> {
    if (!this.#keypair) {
      const sealed = this.#profile.sealedSigningKey()
      const key = await unseal(this.#config.keySecret, SIGNING_KEY, sealed)
      this.#keypair = await Secp256k1Keypair.import(key)
    }
    return this.#keypair
  }

  /**
   * Hands the outbox to the sequencer in the background. The alarm is set first, in the same
   * storage transaction as the write, so that a crash in between delays the event and loses nothing.
   */
  #deliverSoon(): void {
    const now = Date.now()
    if (this.#alarmAt < now) {
      this.#alarmAt = now + RETRY
      this.ctx.waitUntil(this.ctx.storage.setAlarm(this.#alarmAt))
    }
    this.ctx.waitUntil(this.#deliver().catch(() => undefined))
  }

  /** Delivers until the outbox is empty; one delivery at a time keeps the order. */
  #deliver(): Promise<void> {
    this.#delivery ??= this.#deliverAll().finally(() => {
      this.#delivery = undefined
    })
    return this.#delivery
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const events = this.#outbox.peek(DELIVERY_SIZE)
      const newest = events.at(-1)
      if (!newest) return
      await sequencer(this.env).append(this.#profile.get().did, events)
      this.#outbox.confirm(newest.id)
    }
  }
}
