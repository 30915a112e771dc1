import { type CidBytes, cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { Quota } from '../../kernel/quota.ts'
import { rateLimited, StorageError } from '../error.ts'
import type { RateLimitStatus } from '../rate-limit.ts'
import type { Backlinks } from './backlinks.ts'
import type { BlobIndex } from './blobs.ts'
import { nextRev, signCommit } from './commit.ts'
import type { CommitStore } from './commit-store.ts'
import type { HeadStore } from './head.ts'
import type { TreeCache } from './tree-cache.ts'
import { consumeWritePoints, parseWriteUsage, pointsOf } from './write-limit.ts'
import { planWrites, type Write, type WriteOutcome } from './writes.ts'

/** Most operations in one commit; relays take no event with more (sync specification, commit limits). */
const MAX_OPS = 200

export interface WriteBatch {
  writes: Write[]
  /** CID that the current commit must have. */
  swapCommit?: CidBytes
}

export interface WriteOptions {
  /** Whether the writes count against the account's rate limit. */
  limited?: boolean
  /** What the account may store; unless given, there is no limit. */
  quota?: Quota
}

export interface WriteResult {
  /** Absent when nothing had to change. */
  commit?: { cid: CidBytes; rev: string }
  /** What is left of the rate limit; absent when the writes were not counted. */
  rateLimit?: RateLimitStatus
  results: WriteOutcome[]
}

/** What a write reads and changes. */
export interface WriterParts {
  storage: DurableObjectStorage
  head: HeadStore
  tree: TreeCache
  backlinks: Backlinks
  blobs: BlobIndex
  commits: CommitStore
  /** Everything of the repository that is cached. */
  caches: { clear(): void }
}

/** Applies batches of writes to one repository. */
export class BatchWriter {
  readonly #parts: WriterParts

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /** See `Repo.write`. */
  write(
    did: string,
    key: SigningKey,
    batch: WriteBatch,
    { limited, quota }: WriteOptions,
  ): WriteResult {
    const { storage, blobs, commits } = this.#parts
    const isQuotaSet = quota !== undefined && (quota.records > 0 || quota.repositoryBytes > 0)
    const head = isQuotaSet ? this.#parts.head.getCounted() : this.#parts.head.get()
    const used = limited
      ? consumeWritePoints(head.usage ?? parseWriteUsage(null), pointsOf(batch.writes))
      : undefined
    if (used?.rateLimit?.exceeded) throw rateLimited(used.rateLimit)
    const rateLimit = used?.rateLimit
    if (batch.swapCommit && !equalBytes(batch.swapCommit, head.cid)) {
      throw new StorageError('InvalidSwap', `Commit was at ${cidString(head.cid)}`)
    }
    const tree = this.#parts.tree.get()
    const writes = [...batch.writes, ...this.#deletionsOfDuplicates(batch.writes)]
    const { changes, outcomes, nothingToDo } = planWrites(writes, (path) => tree.get(path))
    const results = outcomes.slice(0, batch.writes.length)
    if (nothingToDo) return { results, rateLimit }
    for (const { after } of changes.values()) if (after) blobs.check(after.blobs)
    try {
      for (const [path, { after }] of changes) {
        if (after) tree.set(path, after.cid)
        else tree.delete(path)
      }
      const sealed = tree.seal()
      const commit = signCommit(did, key, sealed.root, nextRev(head.rev))
      storage.transactionSync(() => {
        commits.store(
          { did, commit, tree, sealed, changes, parent: head },
          {
            lastEvent: head.lastEvent,
            announced: true,
            usage: used?.usage ?? head.usage,
            ...(isQuotaSet && { quota }),
          },
        )
      })
      return { commit: { cid: commit.cid, rev: commit.rev }, results, rateLimit }
    } catch (error) {
      // The tree in memory is ahead of the database now.
      this.#parts.caches.clear()
      throw error
    }
  }

  /** Deletions of the records that writes of a batch are to replace, as many as one commit may have. */
  #deletionsOfDuplicates(writes: readonly Write[]): Write[] {
    const deletions = writes.flatMap((write) => {
      if (write.action !== 'create' || !write.replacesDuplicates) return []
      const path = `${write.collection}/${write.rkey ?? ''}`
      return this.#parts.backlinks
        .duplicates(path, write.record.block, MAX_OPS)
        .map(({ collection, rkey }): Write => ({ action: 'delete', collection, rkey }))
    })
    return deletions.slice(0, Math.max(0, MAX_OPS - writes.length))
  }
}
