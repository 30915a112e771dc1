import type { DirectoryRestoreRpc, ObjectRestoreRpc } from '../contracts/backup.ts'
import type { Accounts as AccountTable } from '../storage/directory/accounts.ts'
import type { BackupPlan } from '../storage/dump.ts'
import { StorageError } from '../storage/error.ts'
import { replaceRows } from '../storage/load.ts'
import type { Migration } from '../storage/migrate.ts'
import { linesOf, Pieces } from '../storage/pieces.ts'

const KEY = 'restore'

/** The id of the restore that was completed: asked for again, it is done. */
const RESTORED = 'restored'

/** What is stored of a restore that is under way. */
interface Restoring {
  /** Of the host's restore; undefined: only the dump is on its way. */
  host?: string
  /** Of the dump that is being sent. */
  dump?: string
  /** Whether the rows are those of the restore. */
  applied?: boolean
}

export interface ObjectRestoreParts {
  storage: DurableObjectStorage
  plan: BackupPlan
  migrations: readonly Migration[]
  /** To be called after the rows have changed. */
  clearCaches(): void
  /** The same, in the transaction that changes them, and when the host is restored. */
  replaced?(): void
}

/** Puts back what a backup has of the directory, or of the OAuth object. */
export class ObjectRestore implements ObjectRestoreRpc {
  readonly #parts: ObjectRestoreParts
  readonly #pieces: Pieces

  constructor(parts: ObjectRestoreParts) {
    this.#parts = parts
    this.#pieces = new Pieces(parts.storage.sql)
  }

  begin(id: string): number {
    const state = this.state()
    if (state.dump !== id) {
      this.#parts.storage.transactionSync(() => {
        this.#pieces.clear()
        this.put({ ...state, dump: id })
      })
    }
    return this.#pieces.size()
  }

  stage(offset: number, bytes: Uint8Array): number {
    return this.#parts.storage.transactionSync(() => this.#pieces.add(offset, bytes))
  }

  apply(sessions: boolean): void {
    const { storage, plan, migrations, clearCaches, replaced } = this.#parts
    const { sql, kv } = storage
    const { dump: _, ...state } = this.state()
    try {
      storage.transactionSync(() => {
        const lines = linesOf(this.#pieces.read())
        replaceRows(sql, kv, lines, { plan, migrations, sessions })
        this.#pieces.clear()
        if (state.host === undefined) kv.delete(KEY)
        else this.put({ ...state, applied: true })
        replaced?.()
      })
    } finally {
      clearCaches()
    }
  }

  state(): Restoring {
    return this.#parts.storage.kv.get<Restoring>(KEY) ?? {}
  }

  put(state: Restoring): void {
    this.#parts.storage.kv.put(KEY, state)
  }
}

type RestoredAccounts = Pick<AccountTable, 'list' | 'releaseEvery'>

/** Of the directory: also whether the host is being restored. */
export class DirectoryRestore implements DirectoryRestoreRpc {
  readonly #storage: DurableObjectStorage
  readonly #rows: ObjectRestore
  readonly #accounts: RestoredAccounts
  readonly #replaced: (() => void) | undefined

  constructor(parts: ObjectRestoreParts & { accounts: RestoredAccounts }) {
    this.#storage = parts.storage
    this.#rows = new ObjectRestore(parts)
    this.#accounts = parts.accounts
    this.#replaced = parts.replaced
  }

  beginHost(id: string): { applied: boolean; finished: boolean } {
    const state = this.#rows.state()
    if (state.host === id) return { applied: state.applied === true, finished: false }
    if (!state.host && this.#storage.kv.get(RESTORED) === id) {
      return { applied: true, finished: true }
    }
    if (this.#accounts.list(1).length > 0) {
      throw new StorageError(
        'HostNotEmpty',
        'There are accounts on this host: a whole host is restored into an empty one only. A single account can be ' +
          'restored into this one.',
        409,
      )
    }
    this.#storage.transactionSync(() => {
      // Confirmed meanwhile, they would be replaced without anybody being told.
      this.#accounts.releaseEvery()
      this.#rows.put({ host: id })
    })
    return { applied: false, finished: false }
  }

  assertHost(): void {
    if (this.#rows.state().host !== undefined) return
    throw new StorageError('InvalidRequest', 'No host is being restored here: begin with that')
  }

  finishHost(): void {
    const { host } = this.#rows.state()
    this.#storage.transactionSync(() => {
      if (host !== undefined) this.#storage.kv.put(RESTORED, host)
      this.#storage.kv.delete(KEY)
      this.#replaced?.()
    })
  }

  /** @throws StorageError `HostRestoring` (503) */
  assertNone(): void {
    if (this.#rows.state().host === undefined) return
    throw new StorageError('HostRestoring', 'This host is being restored: try again later')
  }

  begin(id: string): number {
    return this.#rows.begin(id)
  }

  stage(offset: number, bytes: Uint8Array): number {
    return this.#rows.stage(offset, bytes)
  }

  apply(sessions: boolean): void {
    this.#rows.apply(sessions)
  }
}
