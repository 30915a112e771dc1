import { type DirectoryPlace, directoryShardOf } from '../../kernel/directory-shards.ts'
import type { Accounts, HostedAccount } from './accounts.ts'

/** How far a copy is behind the directory. */
export interface CopyLag {
  /** Changes of accounts that it has not taken over. */
  changes: number
  /** When the oldest of them was made, in ms since the epoch. */
  since: number | undefined
}

/** What the directory says of itself and of copies of it. */
export interface ChangesReport {
  /** Of the directory's own database. */
  bytes: number
  /** In the order of the positions; undefined: it has to copy everything anew. */
  lags: (CopyLag | undefined)[]
}

/** Up to which change a copy has everything. */
export interface CopyPosition {
  /** Of the list of changes. */
  life: string
  number: number
}

export interface AccountChangesPage {
  /** The copy has everything up to here then. */
  position: CopyPosition
  /** DIDs, and what has become of them: null, there is no such account any more. */
  accounts: [did: string, account: HostedAccount | null][]
  /** Whether there are more changes. */
  more: boolean
  /** The position counts no more: everything is to be copied, after this one. */
  anew: boolean
}

export interface CopiedPage {
  accounts: HostedAccount[]
  /** How many were looked through. */
  looked: number
  /** The last DID that was looked at; null: of all. */
  last: string | null
}

/** The part of the migrations that makes the table. */
export const CHANGES_TABLE = `
  CREATE TABLE account_change (
    number INTEGER PRIMARY KEY,
    did TEXT NOT NULL,
    at INTEGER NOT NULL
  );
`

/** Under which the life of the list is kept, while there is one. */
const KEY = 'account changes'

/** For how long a change is kept, in ms: who has not asked for so long copies everything anew. */
const KEPT = 24 * 60 * 60 * 1000

/** Changes in one page, and accounts that are looked through for one. */
const PAGE = 500
const LOOKED_THROUGH = 1_000

/** What each change of an account that others see writes, whoever makes it, in its transaction. */
const TRIGGERS = [
  ['account_changed', 'UPDATE OF handle, email, ready', 'NEW'],
  ['account_added', 'INSERT', 'NEW'],
  ['account_removed', 'DELETE', 'OLD'],
] as const

/**
 * Which accounts were changed, for objects that hold copies of them. Kept from the first question on, until `end`: a host
 * whose directory is not divided writes nothing of it.
 */
export class AccountChanges {
  readonly #storage: DurableObjectStorage
  readonly #accounts: Pick<Accounts, 'byDid' | 'list'>
  /** As stored; undefined: not read yet. */
  #life: string | null | undefined

  constructor(storage: DurableObjectStorage, accounts: Pick<Accounts, 'byDid' | 'list'>) {
    this.#storage = storage
    this.#accounts = accounts
  }

  /** What has become of the accounts that were changed after a position, as they are now. */
  since(position: CopyPosition | undefined): AccountChangesPage {
    const { sql } = this.#storage
    const life = this.#begin()
    const { first, last } = this.#ends()
    const head = { life, number: last ?? 0 }
    if (position?.life !== life || position.number + 1 < (first ?? 0)) {
      return { position: head, accounts: [], more: false, anew: true }
    }
    if (position.number === head.number) {
      return { position: head, accounts: [], more: false, anew: false }
    }
    const rows = sql
      .exec<{ number: number; did: string }>(
        'SELECT number, did FROM account_change WHERE number > ? ORDER BY number LIMIT ?',
        position.number,
        PAGE,
      )
      .toArray()
    const dids = new Set(rows.map(({ did }) => did))
    const number = rows.at(-1)?.number ?? head.number
    return {
      position: { life, number },
      accounts: [...dids].map((did) => [did, this.#accounts.byDid(did) ?? null]),
      more: number < head.number,
      anew: false,
    }
  }

  /** Looks through some accounts for those with a name that belongs to an object. */
  page(cursor: string, { shard, shards }: DirectoryPlace): CopiedPage {
    const accounts = this.#accounts.list(LOOKED_THROUGH, cursor)
    const isThere = (name: string | null) =>
      name !== null && directoryShardOf(name, shards) === shard
    const last = accounts.length < LOOKED_THROUGH ? undefined : accounts.at(-1)
    return {
      accounts: accounts.filter(({ did, handle, email }) => [did, handle, email].some(isThere)),
      looked: accounts.length,
      last: last?.did ?? null,
    }
  }

  /** How far copies with these positions are behind; undefined for those that are to begin anew. Begins nothing by itself. */
  report(positions: readonly (CopyPosition | undefined)[]): ChangesReport {
    const { sql, kv } = this.#storage
    const life = kv.get<string>(KEY)
    const { first, last } = this.#ends()
    return {
      bytes: sql.databaseSize,
      lags: positions.map((position) => {
        if (!position || position.life !== life || position.number + 1 < (first ?? 0)) {
          return undefined
        }
        const [oldest] = sql
          .exec<{ at: number }>(
            'SELECT at FROM account_change WHERE number > ? ORDER BY number LIMIT 1',
            position.number,
          )
          .toArray()
        return { changes: Math.max((last ?? 0) - position.number, 0), since: oldest?.at }
      }),
    }
  }

  /** Numbers of the oldest and the newest change that are kept; null: there are none. */
  #ends(): { first: number | null; last: number | null } {
    return this.#storage.sql
      .exec<{ first: number | null; last: number | null }>(
        'SELECT (SELECT min(number) FROM account_change) AS first, (SELECT max(number) FROM account_change) AS last',
      )
      .one()
  }

  /** Removes what is too old, but the last one, whose number is not given again. @param now ms since the epoch */
  prune(now: number): void {
    this.#storage.sql.exec(
      'DELETE FROM account_change WHERE at < ? AND number < (SELECT max(number) FROM account_change)',
      now - KEPT,
    )
  }

  /** Nothing is written any more; who asks again copies everything anew. */
  end(): void {
    const { sql, kv } = this.#storage
    this.#storage.transactionSync(() => {
      this.#life = undefined
      if (!kv.delete(KEY)) return
      for (const [name] of TRIGGERS) sql.exec(`DROP TRIGGER ${name}`)
      sql.exec('DELETE FROM account_change')
    })
    this.#life = null
  }

  #begin(): string {
    const { sql, kv } = this.#storage
    this.#life ??= kv.get<string>(KEY) ?? null
    if (this.#life !== null) return this.#life
    const life = crypto.randomUUID()
    this.#storage.transactionSync(() => {
      kv.put(KEY, life)
      for (const [name, event, row] of TRIGGERS) {
        sql.exec(
          `CREATE TRIGGER ${name} AFTER ${event} ON account WHEN ${row}.ready = 1 BEGIN
             INSERT INTO account_change (did, at) VALUES (${row}.did, unixepoch() * 1000);
           END`,
        )
      }
    })
    this.#life = life
    return life
  }
}
