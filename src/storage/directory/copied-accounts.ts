import { msSince } from '../../kernel/ms-since.ts'
import { JOB_TABLE } from '../jobs.ts'
import type { Migration } from '../migrate.ts'
import { RATE_TABLE } from '../rate-counter.ts'
import type { CopyPosition } from './account-changes.ts'
import type { HostedAccount, NameKind } from './accounts.ts'

/** The database of an object that answers for a part of all names; `docs/storage.md` explains each table. */
export const copyMigrations: readonly Migration[] = [
  `
  CREATE TABLE name (
    name TEXT PRIMARY KEY,
    did TEXT NOT NULL,
    handle TEXT NOT NULL,
    email TEXT
  ) WITHOUT ROWID;
  CREATE INDEX name_did ON name (did);
  ${RATE_TABLE}
  ${JOB_TABLE}
  `,
]

const KEY = 'copied'

/** ms for which names are not counted again: that reads a row for each. */
const COUNTED_FOR = 60 * 60 * 1000

/** How far the copy is. */
export interface CopyState {
  position: CopyPosition
  /** While everything is copied: the last DID that was; null: all are here. */
  copying: string | null
  /** How many accounts were looked through for that, and when the last were, in ms since the epoch. */
  looked?: number
  at?: number
}

/** What one of the objects says of its copy. */
export interface CopyReport {
  /** Names that it answers for. */
  names: number
  /** Of its database. */
  bytes: number
  /** Up to which change it has everything; undefined: nobody has asked it for anything yet. */
  position: CopyPosition | undefined
  /** While all accounts are copied: how many were looked through, and when the last of those were, in ms since the epoch. */
  copying: { looked: number; at: number } | undefined
}

/** Copies of accounts by those of their names that are in this object. */
export class CopiedAccounts {
  readonly #storage: DurableObjectStorage
  readonly #isHere: (name: string) => boolean
  /** As stored; null: not read yet. */
  #state: CopyState | undefined | null = null
  #counted: { names: number; at: number } | undefined

  /** @param isHere whether a name belongs to this object */
  constructor(storage: DurableObjectStorage, isHere: (name: string) => boolean) {
    this.#storage = storage
    this.#isHere = isHere
  }

  /** @param name in lower case, if it is no DID */
  find(by: NameKind, name: string): HostedAccount | undefined {
    const [row] = this.#storage.sql
      .exec<{ did: string; handle: string; email: string | null }>(
        'SELECT did, handle, email FROM name WHERE name = ?',
        name,
      )
      .toArray()
    return row?.[by] === name ? row : undefined
  }

  /** Takes over what has become of accounts, and how far the copy is then. */
  apply(accounts: readonly [did: string, HostedAccount | null][], state: CopyState): void {
    const { sql, kv } = this.#storage
    this.#storage.transactionSync(() => {
      for (const [did, account] of accounts) {
        sql.exec('DELETE FROM name WHERE did = ?', did)
        if (account) this.#add(account)
      }
      kv.put(KEY, state)
    })
    this.#state = state
  }

  /** Forgets everything: the copy begins anew, after this position. */
  restart(position: CopyPosition): void {
    const state = { position, copying: '', looked: 0, at: Date.now() }
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM name')
      this.#storage.kv.put(KEY, state)
    })
    this.#state = state
  }

  /** Undefined: nothing was copied yet. */
  get state(): CopyState | undefined {
    if (this.#state === null) this.#state = this.#storage.kv.get<CopyState>(KEY)
    return this.#state
  }

  /** How it is doing. Reads a row for each name, once an hour when all accounts are here. */
  report(): CopyReport {
    const { sql } = this.#storage
    const { position, copying = null, looked = 0, at = Date.now() } = this.state ?? {}
    return {
      names: this.#count(copying !== null),
      bytes: sql.databaseSize,
      position,
      copying: copying === null ? undefined : { looked, at },
    }
  }

  clearCache(): void {
    this.#state = null
    this.#counted = undefined
  }

  #count(isCopying: boolean): number {
    const known = this.#counted
    if (known && !isCopying && msSince(known.at) < COUNTED_FOR) return known.names
    const { names } = this.#storage.sql
      .exec<{ names: number }>('SELECT count(*) AS names FROM name')
      .one()
    this.#counted = isCopying ? undefined : { names, at: Date.now() }
    return names
  }

  #add({ did, handle, email }: HostedAccount): void {
    for (const name of [did, handle, email]) {
      if (name === null || !this.#isHere(name)) continue
      this.#storage.sql.exec(
        'INSERT OR REPLACE INTO name (name, did, handle, email) VALUES (?, ?, ?, ?)',
        name,
        did,
        handle,
        email,
      )
    }
  }
}
