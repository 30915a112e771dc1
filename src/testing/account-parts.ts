/** What the parts of an account's object are built on, over a real store: for tests of one part alone. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { type Mock, vi } from 'vitest'
import type { AccountCore } from '../durable/account/core.ts'
import { SignOuts } from '../durable/account/sign-outs.ts'
import { cidOf } from '../kernel/cbor/cid.ts'
import { type Config, readConfig } from '../kernel/config/config.ts'
import { encrypt } from '../kernel/crypto/encrypt.ts'
import { inlineLeases, PasswordHasher } from '../kernel/crypto/password.ts'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { quotaOf } from '../kernel/quota.ts'
import { PlcDirectory } from '../services/identity/plc.ts'
import { networkOf } from '../services/network.ts'
import { BlobIndex } from '../storage/account/blobs.ts'
import { ExportSnapshots, type ExportTimeLimits } from '../storage/account/export-snapshot.ts'
import { Lifecycle } from '../storage/account/lifecycle.ts'
import { Outbox } from '../storage/account/outbox.ts'
import type { InitialStatus, Profile } from '../storage/account/profile.ts'
import type { Repo } from '../storage/account/repo.ts'
import type { BlobReference, EncodedRecord } from '../storage/account/writes.ts'

export interface AccountParts {
  core: AccountCore & { changed: Mock<() => void>; delivered: Mock<() => Promise<void>> }
  config: Config
  storage: DurableObjectStorage
  sql: SqlStorage
  store: Lifecycle
  profile: Profile
  repo: Repo
  outbox: Outbox
  blobIndex: BlobIndex
  snapshots: ExportSnapshots
  /** What the account signs with. */
  key: SigningKey
}

export interface TestAccountInput {
  did: string
  email: string | null
  status: InitialStatus | 'takendown'
  exportLimits: ExportTimeLimits
}

export const DID = 'did:web:alone.test'
export const HANDLE = 'alone.test'

let made = 0

/** Works on an object of its own, in which there is no account yet. */
export function withoutAccount(
  work: (parts: AccountParts) => Promise<void> | void,
  exportLimits?: ExportTimeLimits,
): Promise<void> {
  const stub = env.ACCOUNTS.get(env.ACCOUNTS.idFromName(`alone ${made++}`))
  return runInDurableObject(stub, (_, { storage }) => work(build(storage, exportLimits)))
}

/** The same, with an account whose events are delivered; active unless `input` says otherwise. */
export function withAccount(
  work: (parts: AccountParts) => Promise<void> | void,
  input: Partial<TestAccountInput> = {},
): Promise<void> {
  return withoutAccount(async (parts) => {
    const { status = 'active' } = input
    const becomes = status === 'takendown' ? 'active' : status
    await createPending(parts, { ...input, becomes })
    parts.store.open(parts.key, becomes)
    if (status === 'takendown') parts.store.setTakedown('a reason')
    forgetEvents(parts)
    await work(parts)
  }, input.exportLimits)
}

/** Makes an account that is not open yet. */
export async function createPending(
  { store, config, key }: AccountParts,
  {
    did = DID,
    email = null,
    becomes = 'active',
  }: Partial<TestAccountInput> & { becomes?: InitialStatus } = {},
): Promise<void> {
  const signingKey = await encrypt(config.keySecret, 'signing key', key.toBytes())
  store.create({ did, handle: HANDLE, email, password: null, signingKey, becomes })
}

/** As if all events were delivered. */
export function forgetEvents({ sql, outbox }: AccountParts): void {
  sql.exec('DELETE FROM outbox')
  outbox.clearCache()
}

/** The same object after it was evicted: memory is gone, what is stored is there. */
export function evicted(parts: AccountParts): AccountParts {
  const stored = storedParts(parts.storage, parts.sql)
  return { ...parts, ...stored }
}

/** Kinds of the events that wait for delivery. */
export const waitingEvents = ({ outbox }: AccountParts): string[] =>
  outbox.peek(Number.MAX_SAFE_INTEGER).map(({ kind }) => kind)

export function record(text: string, blobs: BlobReference[] = []): EncodedRecord {
  const block = encode({ text })
  return { cid: cidOf(block), block, blobs }
}

function build(storage: DurableObjectStorage, exportLimits?: ExportTimeLimits): AccountParts {
  const { sql } = storage
  const config = readConfig({ ...env })
  const stored = storedParts(storage, sql, exportLimits)
  const { profile } = stored
  const core = {
    storage,
    sql,
    config,
    plc: new PlcDirectory(config, networkOf(env, config).operator),
    profile,
    answers: undefined,
    signOuts: new SignOuts(),
    hasher: new PasswordHasher({ key: 'test', leases: inlineLeases() }),
    quota: () => quotaOf(config.quota, profile.did() === undefined ? {} : profile.quota()),
    changed: vi.fn<() => void>(),
    factsChanged: () => undefined,
    delivered: vi.fn<() => Promise<void>>(async () => undefined),
  }
  const key = SigningKey.generate()
  return { core, config, storage, sql, ...stored, key }
}

/** @param sql the database of `storage`, or what stands before it */
function storedParts(storage: DurableObjectStorage, sql: SqlStorage, limits?: ExportTimeLimits) {
  const outbox = new Outbox(sql)
  const blobIndex = new BlobIndex(sql)
  const snapshots = new ExportSnapshots(sql, limits)
  const store = new Lifecycle({ storage, sql, outbox, blobs: blobIndex, snapshots })
  const { profile, repo } = store
  return { outbox, blobIndex, snapshots, store, profile, repo }
}
