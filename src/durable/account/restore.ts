import type { AccountRestoreRpc, FinishOptions, RestoreState } from '../../contracts/backup.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import { encrypt } from '../../kernel/crypto/encrypt.ts'
import { RECOVERY_CODE_KEYS } from '../../services/factors/recovery-code-keys.ts'
import { TOTP_SECRET } from '../../services/factors/totp.ts'
import type { BlobIndex, BlobRow } from '../../storage/account/blobs.ts'
import { firstEventNumber } from '../../storage/account/head.ts'
import { readImport } from '../../storage/account/import.ts'
import type { Lifecycle as LifecycleStore } from '../../storage/account/lifecycle.ts'
import { lastEventOf, putAccountBack } from '../../storage/account/put-back.ts'
import { dropStaging } from '../../storage/account/staging.ts'
import { streamOf } from '../../storage/dump.ts'
import { StorageError } from '../../storage/error.ts'
import { linesOf, Pieces } from '../../storage/pieces.ts'
import type { AccountCore } from './core.ts'
import type { Keys } from './keys.ts'
import { SIGNING_KEY } from './rewrap.ts'

const KEY = 'restore'

/** The id of the restore of the whole host that this account came with. */
const RESTORED = 'restored'

/** Secrets that are encrypted with the host's key, by what they are encrypted for. */
const SEALED: ReadonlySet<string> = new Set([SIGNING_KEY, TOTP_SECRET, RECOVERY_CODE_KEYS])

/** What is stored of a restore that is under way. */
interface Restoring {
  id: string
  next: RestoreState['next']
  /** Number of the last event of the account that was replaced. */
  lastEvent?: number | undefined
}

export interface AccountRestoreParts {
  core: AccountCore
  store: LifecycleStore
  blobIndex: BlobIndex
  keys: Keys
  restored: Restored
}

/** What the object does when something of it was restored. */
export interface Restored {
  /** To be called after everything that is stored was replaced: what is in memory is of before. */
  reload(): void
  /** To be called after a restore was begun or ended. */
  changed(): void
}

/**
 * Whether an account is being restored: then nothing else is to be done with its object. Until its rows are replaced, one
 * that is here goes on as before.
 */
export function isRestoring(kv: SyncKvStorage): boolean {
  const next = kv.get<Restoring>(KEY)?.next
  return next === 'repository' || next === 'blobs'
}

export const restoring = (): StorageError =>
  new StorageError('AccountRestoring', 'The account is being restored: try again later')

/** Puts one account back from a backup; each step is one transaction, and is not done twice. */
export class AccountRestore implements AccountRestoreRpc {
  readonly #parts: AccountRestoreParts
  readonly #pieces: Pieces

  constructor(parts: AccountRestoreParts) {
    this.#parts = parts
    this.#pieces = new Pieces(parts.core.sql)
  }

  begin(id: string, overwrite: boolean): RestoreState {
    const { storage, profile } = this.#parts.core
    const state = this.#state()
    if (state?.id === id) return { next: state.next, staged: this.#pieces.size() }
    if (!state) {
      if (storage.kv.get(RESTORED) === id && isHere(profile)) return { next: 'done', staged: 0 }
      if (profile.isDeleted()) {
        throw new StorageError('InvalidRequest', 'The account is being deleted: try again soon')
      }
      if (profile.did() !== undefined && !overwrite) {
        throw new StorageError('AccountExists', 'The account is here already')
      }
    }
    storage.transactionSync(() => {
      this.#pieces.clear()
      this.#put({ id, next: 'rows', ...(state && { lastEvent: state.lastEvent }) })
    })
    this.#parts.restored.changed()
    return { next: 'rows', staged: 0 }
  }

  async rows(did: string, bytes: Uint8Array, sessions: boolean): Promise<void> {
    const { core, blobIndex, restored } = this.#parts
    const { storage, sql } = core
    this.#assertNext('rows')
    const lines = await this.#sealed([...linesOf([bytes])])
    const before = this.#assertNext('rows')
    try {
      storage.transactionSync(() => {
        // Begun anew, the account that was replaced is gone already.
        const lastEvent = Math.max(before.lastEvent ?? 0, lastEventOf(sql))
        putAccountBack(storage, blobIndex, { did, lines, sessions, keep: [KEY] })
        this.#put({ ...before, lastEvent, next: 'repository' })
      })
    } finally {
      restored.reload()
      restored.changed()
    }
  }

  stage(offset: number, bytes: Uint8Array): number {
    this.#assertNext('repository')
    return this.#parts.core.storage.transactionSync(() => this.#pieces.add(offset, bytes))
  }

  async repository(): Promise<{ head: string; rev: string; records: number }> {
    const { core, store, keys } = this.#parts
    const { sql, storage, profile } = core
    const before = this.#assertNext('repository')
    const { did } = profile.get()
    const signingKeys = [(await keys.current()).did()]
    const options = {
      did,
      signingKeys,
      after: '',
      maxSize: Number.POSITIVE_INFINITY,
      keepRev: true,
    }
    try {
      const verified = await readImport(sql, streamOf(this.#pieces.read()), options)
      this.#assertNext('repository')
      storage.transactionSync(() => {
        store.repo.putBack(verified, Math.max(firstEventNumber(), before.lastEvent ?? 0))
        this.#pieces.clear()
        this.#put({ ...before, next: 'blobs' })
      })
      const { records } = store.repo.counts()
      return { head: cidString(verified.commit.cid), rev: verified.rev, records }
    } finally {
      store.repo.clearCache()
      dropStaging(sql)
    }
  }

  blobs(limit: number, cursor?: string): string[] {
    return this.#parts.blobIndex.page(limit, cursor).map(({ cid }) => cid)
  }

  addBlob(blob: BlobRow): BlobRow {
    const { blobIndex, core } = this.#parts
    this.#assertNext('blobs')
    return core.storage.transactionSync(() => {
      const known = blobIndex.find(blob.cid)
      if (known) blobIndex.markForDeletion(blob.key)
      else blobIndex.putBack(blob)
      return known ?? blob
    })
  }

  open(): void {
    const state = this.#state()
    if (state?.next === 'announcement') return
    this.#put({ ...this.#assertNext('blobs'), next: 'announcement' })
    this.#parts.restored.changed()
  }

  async finish({ announce, deactivate = false, remember = false }: FinishOptions): Promise<void> {
    const { core, store, keys } = this.#parts
    const { storage, profile } = core
    const key = await keys.current()
    const { id } = this.#assertNext('announcement')
    storage.transactionSync(() => {
      if (deactivate && profile.get().status === 'active') {
        profile.update({ status: 'deactivated', deactivatedAt: new Date().toISOString() })
      } else if (announce) store.announceRestored(key)
      storage.kv.delete(KEY)
      if (remember) storage.kv.put(RESTORED, id)
      core.factsChanged()
    })
    core.changed()
    await core.delivered()
  }

  /** Encrypts what came in the clear. */
  async #sealed(lines: readonly string[]): Promise<string[]> {
    const secret = this.#parts.core.config.keySecret
    return Promise.all(
      lines.map(async (text) => {
        if (!text.includes('"seal"')) return text
        const line = JSON.parse(text) as { rows?: unknown[][] }
        for (const row of line.rows ?? []) {
          for (const [i, value] of row.entries()) {
            const { seal, b } = (value ?? {}) as { seal?: unknown; b?: unknown }
            if (typeof seal !== 'string' || typeof b !== 'string') continue
            if (!SEALED.has(seal)) throw new StorageError('InvalidRequest', 'No such secret')
            const sealed = await encrypt(secret, seal, Buffer.from(b, 'base64'))
            row[i] = { b: Buffer.from(sealed).toString('base64') }
          }
        }
        return JSON.stringify(line)
      }),
    )
  }

  #state(): Restoring | undefined {
    return this.#parts.core.storage.kv.get<Restoring>(KEY)
  }

  #put(state: Restoring): void {
    this.#parts.core.storage.kv.put(KEY, state)
  }

  /** @throws StorageError `InvalidRequest` when it is not the turn of this step */
  #assertNext(step: RestoreState['next']): Restoring {
    const state = this.#state()
    if (state?.next === step) return state
    throw new StorageError('InvalidRequest', `The restore is at another step: ${state?.next}`)
  }
}

const isHere = (profile: AccountCore['profile']): boolean =>
  profile.did() !== undefined && !profile.isDeleted()
