import { BlobRef } from '@atproto/lexicon'
import { AuthRequiredError, ForbiddenError } from '@atproto/xrpc-server'
import type { ListedRecords } from '../../contracts/account/repository.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import type { Collection, RecordOf } from '../../kernel/collections.ts'
import type { Logger } from '../../kernel/log.ts'
import { unpackRecords } from '../../storage/account/packed.ts'
import type { ListOptions } from '../../storage/account/records.ts'
import type { WriteBatch, WriteResult } from '../../storage/account/repo.ts'
import type { StoredPage } from '../../storage/account/stored.ts'
import type { RateLimitStatus } from '../../storage/rate-limit.ts'
import type { AccountLookup } from '../accounts/account-lookup.ts'
import type { DiskSpace } from '../objects/disk-space.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { askBeforeWrite } from './before-write.ts'
import { legacyBlobs } from './blob-rules.ts'
import { recordBegin, recordRest, recordValue } from './json.ts'
import { KeptRecords } from './kept-records.ts'
import { type Json, keptTexts, toBody } from './kept-text.ts'
import { keptPageJson, pageJson, pageToKeep } from './page-json.ts'
import type { RecordSchema } from './record-schema.ts'
import type { SchemaQuery, SchemaSource } from './schema.ts'

/** Most legacy blob references that are upgraded in one write. */
const MAX_LEGACY_BLOBS = 100

/** Who writes to a repository: the account, and the family of its session, null for an OAuth token. */
export interface Writer {
  did: string
  session: string | null
}

/** Whether writes are limited, and who is told how much is left. */
export interface WriteLimits {
  isLimited(): boolean
  /** @throws RateLimitError when the limit is exceeded */
  note(status: RateLimitStatus | undefined): void
}

export interface RepositoryDependencies {
  readonly objects: Pick<HostObjects, 'account'>
  readonly space: Pick<DiskSpace, 'assertRoom'>
  readonly lookup: Pick<AccountLookup, 'find'>
  readonly schemas: SchemaSource
  readonly limits: WriteLimits
  readonly log: Pick<Logger, 'error'>
}

/** A record with its address. `T` is the type that its lexicon gives it; it is not checked again. */
export interface RecordView<T> {
  /** `at://<did>/<collection>/<rkey>` */
  uri: string
  cid: string
  value: T
}

export interface RecordPage<T> {
  records: RecordView<T>[]
  /** The rkey to go on after. */
  cursor?: string
}

const NOTHING: StoredPage = { records: [], more: false }

/** Reads and writes records of the accounts of this host. */
export class Repositories {
  readonly #dependencies: RepositoryDependencies
  readonly #kept = new KeptRecords()

  constructor(dependencies: RepositoryDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * The DID behind the `repo` of a write, which must be the caller's own.
   *
   * @throws ForbiddenError `AccountNotFound`; AuthRequiredError
   */
  async assertOwn(repo: string, caller: string): Promise<string> {
    if (repo === caller) return caller
    const account = await this.#dependencies.lookup.find(repo)
    if (!account) throw new ForbiddenError(`Could not find account: ${repo}`, 'AccountNotFound')
    if (account.did !== caller) throw new AuthRequiredError()
    return account.did
  }

  /** What the records of a collection are validated with. @param caller DID */
  findSchema(query: SchemaQuery, caller: string): RecordSchema | Promise<RecordSchema> {
    return this.#dependencies.schemas.find(query, caller)
  }

  /** The same for the collections of a batch, each looked up once. */
  findSchemas(
    queries: readonly SchemaQuery[],
    caller: string,
  ): Promise<ReadonlyMap<string, RecordSchema>> {
    return this.#dependencies.schemas.findAll(queries, caller)
  }

  /**
   * Gives references of the legacy form, as records that were imported may have, the form of today, where this account
   * has the blob; in place. Asks the account only where there are such.
   *
   * @param did of the account
   */
  async upgradeBlobs(records: unknown, did: string): Promise<void> {
    const legacy = legacyBlobs(records)
    if (legacy.length === 0) return
    const cids = new Set(legacy.slice(0, MAX_LEGACY_BLOBS).map(({ ref }) => ref.toString()))
    const blobs = await this.#dependencies.objects.account(did).blobs.getAll([...cids])
    const sizes = new Map(blobs.map(({ cid, size }) => [cid, size]))
    for (const blob of legacy) {
      const { ref, mimeType } = blob
      const size = sizes.get(ref.toString())
      if (size !== undefined) Object.assign(blob, new BlobRef(ref, mimeType, size))
    }
  }

  /**
   * Writes to the caller's repository, in one commit. The account's object checks that the session is open and
   * that the account may write so much, and applies the batch, all in one round trip.
   *
   * @throws XRPCError what `beforeWrite` of a collection file refuses with; as `RepositoryRpc.write`; InsufficientStorageError, unless all of it are deletions; RateLimitError
   */
  async write({ did, session }: Writer, batch: WriteBatch): Promise<WriteResult> {
    const { objects, limits, space, log } = this.#dependencies
    await askBeforeWrite(did, batch.writes, log)
    if (batch.writes.some(({ action }) => action !== 'delete')) await space.assertRoom()
    const options = { limited: limits.isLimited() }
    const result = await objects.account(did).repository.write(batch, session, options)
    limits.note(result.rateLimit)
    return result
  }

  /**
   * One page of a collection, decoded, newest first unless `reverse`. It has fewer than `limit` records where
   * these are large, or were imported and have no JSON form; without `cursor` it is the last one. A collection that is
   * written out is one of those in the tree, and its records have the type of their lexicon, which is not checked again.
   *
   * @throws XRPCError `RepoNotFound`, `RepoDeactivated`, `RepoTakendown`
   */
  async listRecords<const C extends string>(
    did: string,
    options: ListOptions & { collection: Collection<C> },
  ): Promise<RecordPage<RecordOf<C>>> {
    const { page } = await this.listStored(did, options)
    const { records, more } = page ? unpackRecords(page) : NOTHING
    const last = records.at(-1)
    return {
      records: records.flatMap(({ rkey, cid, block }) => {
        const value = recordValue(block) as RecordOf<C> | undefined
        if (value === undefined) return []
        return [{ uri: `at://${did}/${options.collection}/${rkey}`, cid: cidString(cid), value }]
      }),
      ...(more && last && { cursor: last.rkey }),
    }
  }

  /**
   * A record as `getRecord` answers it, kept for as long as nothing changes in its account where this isolate sees that.
   *
   * @param cid asks for this version
   * @returns without JSON where it has none, as for some of what was imported
   * @throws XRPCError `RecordNotFound`, `RepoNotFound`, `RepoDeactivated`, `RepoTakendown`
   */
  async recordJson(
    did: string,
    collection: string,
    rkey: string,
    cid?: string,
  ): Promise<{ json: Json | undefined; cid: string }> {
    const name = `${did}/${collection}`
    const kept = this.#kept.get(name, rkey)
    if (kept) {
      const found = cidOfText(kept.text)
      const json = toBody(`${recordBegin(name)}${kept.text}`, kept.isAscii)
      if (cid === undefined || cid === found) return { json, cid: found }
    }
    const { repository } = this.#dependencies.objects.account(did)
    const { state, ...stored } = await repository.getRecord(collection, rkey, cid)
    const rest = recordRest(stored)
    const [text] = state === undefined || rest === undefined ? [] : keptTexts([rest])
    if (text && state !== undefined) this.#kept.put(name, rkey, text, state)
    const json = rest === undefined ? undefined : `${recordBegin(name)}${rest}`
    return { json, cid: cidString(stored.cid) }
  }

  /**
   * A page as `listRecords` answers it, of records that are kept in the same way, or read.
   *
   * @param known states in which the caller has the page
   * @returns in which state it is so; without JSON where the caller has it
   * @throws XRPCError `RepoNotFound`, `RepoDeactivated`, `RepoTakendown`
   */
  async pageJson(
    did: string,
    options: ListOptions,
    known: readonly string[] = [],
  ): Promise<{ state: string; json: Json | undefined }> {
    const name = `${did}/${options.collection}`
    const kept = this.#kept
    const tag = kept.tag(name)
    if (tag !== undefined && known.includes(tag)) return { state: tag, json: undefined }
    const there = kept.page(name, options)
    if (there && tag !== undefined) return { state: tag, json: keptPageJson(name, there) }
    const { state, page, readIn } = await this.listStored(did, options, known)
    if (!page) return { state, json: undefined }
    if (readIn === undefined) return { state, json: pageJson(name, page) }
    // What is kept of another state is none of it.
    const { json, ...read } = pageToKeep(name, page, (rkey) => kept.get(name, rkey, readIn))
    kept.putPage(name, options, { ...read, tag: state, state: readIn })
    return { state, json }
  }

  /** The same, as the records are stored. @param known states in which the caller has the page */
  listStored(did: string, options: ListOptions, known?: readonly string[]): Promise<ListedRecords> {
    return this.#dependencies.objects.account(did).repository.listRecords(options, known)
  }
}

/** The CID in the JSON of a record from its key on: the third text in it, of which none has anything to escape. */
function cidOfText(text: string): string {
  const start = text.indexOf(CID) + CID.length
  return text.slice(start, text.indexOf('"', start))
}

const CID = '","cid":"'
