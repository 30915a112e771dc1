/** The accounts of this host as its operators look for them, with what the accounts have told of themselves. */
import type { AccountStatus } from '../account/profile.ts'
import type { HostedAccount } from './accounts.ts'
import type { Role } from './roles.ts'

/** What the directory knows of an account only because its object tells it, whenever it changes. */
export interface AccountFacts {
  status: AccountStatus
  /** ISO 8601; null: it is not, or nobody noted when. */
  deactivatedAt: string | null
  /** The address that was confirmed. */
  email: string | null
  /** ISO 8601 */
  emailConfirmedAt: string | null
  /** Whether it has a passkey, or asks for a second factor. */
  hasFactor: boolean
  /** What an operator should look at, in words. */
  attention: string | null
  /** Bytes of its repository and blobs, as of the last time that it told something: a day at most, if it writes. */
  storedBytes: number
}

/** An account with what its operator wants to know. */
export interface AdministeredAccount extends HostedAccount {
  /** ms since the epoch. */
  createdAt: number
  /** It earns no invite codes. */
  invitesDisabled: boolean
  role: Role | null
  /** null: the account has not been asked yet. */
  status: AccountStatus | null
  deactivatedAt: string | null
  emailConfirmedAt: string | null
  hasFactor: boolean | null
  attention: string | null
}

/** How many accounts there are. */
export interface AccountCounts {
  all: number
  /** Of which an operator should look at something. */
  attention: number
  takenDown: number
  /** Made in the last week. */
  fresh: number
  /** Bytes of all repositories and blobs, as the accounts have told. */
  storedBytes: number
}

/** Which accounts are shown. */
export const accountFilters = [
  'attention',
  'takendown',
  'deactivated',
  'unconfirmed',
  'without-factor',
  'new',
  'operators',
] as const
export type AccountFilter = (typeof accountFilters)[number]

/** How far a search has got: the name by which the last account was found, or `<created at>:<did>`. */
export interface SearchPlace {
  by: 'did' | 'handle' | 'email' | 'created'
  name: string
}

/** One page of a search. */
export interface SearchPage {
  accounts: AdministeredAccount[]
  /** Where the next page begins, if there may be one. */
  next?: SearchPlace
}

type Row = {
  did: string
  handle: string
  email: string | null
  created_at: number
  invites_disabled: number
  role: string | null
  status: AccountStatus | null
  deactivated_at: string | null
  email_confirmed_at: string | null
  factor: number | null
  attention: string | null
}

type Name = 'did' | 'handle' | 'email'

/** How old an account is at most that counts as new, in ms. */
const NEW = 7 * 24 * 60 * 60 * 1000

/** Accounts looked at for one page where a name and a filter are asked for: each is up to four rows. */
const MOST_SCANNED = 50

/** By filter: the condition, as the index of that name has it (SQLite, Partial Indexes), and the same of a row. */
const FILTERS: Readonly<
  Record<
    Exclude<AccountFilter, 'new'>,
    { index: string; condition: string; has: (row: Row) => boolean }
  >
> = {
  attention: {
    index: 'account_attention',
    condition: 'attention IS NOT NULL',
    has: ({ attention }) => attention !== null,
  },
  takendown: {
    index: 'account_taken_down',
    condition: "status = 'takendown'",
    has: ({ status }) => status === 'takendown',
  },
  deactivated: {
    index: 'account_deactivated',
    condition: "status = 'deactivated'",
    has: ({ status }) => status === 'deactivated',
  },
  unconfirmed: {
    index: 'account_unconfirmed',
    condition: 'email IS NOT NULL AND email_confirmed_at IS NULL',
    has: ({ email, email_confirmed_at }) => email !== null && email_confirmed_at === null,
  },
  'without-factor': {
    index: 'account_without_factor',
    condition: 'factor = 0',
    has: ({ factor }) => factor === 0,
  },
  operators: {
    index: 'account_role',
    condition: 'role IS NOT NULL',
    has: ({ role }) => role !== null,
  },
}

const isNew = ({ created_at }: Row): boolean => created_at > Date.now() - NEW

export class AccountList {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(did: string): AdministeredAccount | undefined {
    const [row] = this.#sql
      .exec<Row>('SELECT * FROM account WHERE did = ? AND ready = 1', did)
      .toArray()
    return row && toAccount(row)
  }

  /**
   * Accounts whose DID, handle or address begins with `prefix`, in order of these names, those found by their handle
   * before those by their address; with a filter alone in order of their DIDs, or the newest first. Reads some rows
   * more than it returns. With both a page may have fewer than there are to come.
   */
  search(prefix: string, limit: number, after?: SearchPlace, filter?: AccountFilter): SearchPage {
    const wanted = prefix.trim().replace(/^@/, '').toLowerCase()
    if (filter === undefined) return this.#byName(wanted, limit, limit, after, () => true)
    if (wanted !== '') {
      const has = filter === 'new' ? isNew : FILTERS[filter].has
      return this.#byName(wanted, limit, MOST_SCANNED, after, has)
    }
    return filter === 'new' ? this.#newest(limit, after) : this.#filtered(filter, limit, after)
  }

  /** How many there are. Reads a row for each. */
  counts(): AccountCounts {
    return this.#sql
      .exec<Record<keyof AccountCounts, number>>(
        `SELECT count(*) AS "all", count(attention) AS attention,
           coalesce(sum(status = 'takendown'), 0) AS takenDown, coalesce(sum(created_at > ?), 0) AS fresh,
           coalesce(sum(stored_bytes), 0) AS storedBytes
         FROM account WHERE ready = 1`,
        Date.now() - NEW,
      )
      .one()
  }

  /** Writes down what an account has told. */
  setFacts(did: string, facts: AccountFacts): void {
    this.#sql.exec(
      `UPDATE account SET status = ?2, deactivated_at = ?3, factor = ?4, attention = ?5,
         email_confirmed_at = CASE WHEN email IS ?6 THEN ?7 ELSE NULL END, stored_bytes = ?8
       WHERE did = ?1`,
      did,
      facts.status,
      facts.deactivatedAt,
      facts.hasFactor ? 1 : 0,
      facts.attention,
      facts.email,
      facts.emailConfirmedAt,
      facts.storedBytes,
    )
  }

  /** DIDs of accounts that have told nothing yet. */
  unasked(limit: number, after = ''): string[] {
    return this.#sql
      .exec<{ did: string }>(
        `SELECT did FROM account INDEXED BY account_unasked
         WHERE ready = 1 AND status IS NULL AND did > ? ORDER BY did LIMIT ?`,
        after,
        limit,
      )
      .toArray()
      .map(({ did }) => did)
  }

  #filtered(filter: keyof typeof FILTERS, limit: number, after?: SearchPlace): SearchPage {
    const { index, condition } = FILTERS[filter]
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM account INDEXED BY ${index}
         WHERE ready = 1 AND ${condition} AND did > ? ORDER BY did LIMIT ?`,
        after?.by === 'did' ? after.name : '',
        limit,
      )
      .toArray()
    return pageOf(rows, limit, ({ did }) => ({ by: 'did', name: did }))
  }

  #newest(limit: number, after?: SearchPlace): SearchPage {
    const [, created, did] = (after?.by === 'created' && /^(\d+):(.+)$/.exec(after.name)) || []
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM account INDEXED BY account_created_at
         WHERE ready = 1 AND created_at > ? AND (created_at, did) < (?, ?)
         ORDER BY created_at DESC, did DESC LIMIT ?`,
        Date.now() - NEW,
        created === undefined ? Number.MAX_SAFE_INTEGER : Number(created),
        did ?? '',
        limit,
      )
      .toArray()
    return pageOf(rows, limit, (row) => ({ by: 'created', name: `${row.created_at}:${row.did}` }))
  }

  /** @param most accounts that are looked at */
  #byName(
    wanted: string,
    limit: number,
    most: number,
    after: SearchPlace | undefined,
    has: (row: Row) => boolean,
  ): SearchPage {
    const names: Name[] = wanted.startsWith('did:') ? ['did'] : ['handle', 'email']
    const accounts: AdministeredAccount[] = []
    let scanned = 0
    for (const by of names.slice(Math.max(0, names.indexOf(after?.by as Name)))) {
      const from = after?.by === by ? after.name : ''
      const rows = this.#beginningWith(by, wanted, from, most - scanned)
      for (const row of rows) {
        scanned++
        // Whoever was found by the handle is not listed twice.
        const isRepeated = by === 'email' && row.handle.startsWith(wanted)
        if (!isRepeated && has(row)) accounts.push(toAccount(row))
        if (accounts.length >= limit || scanned >= most) {
          return { accounts, next: { by, name: row[by] ?? '' } }
        }
      }
    }
    return { accounts }
  }

  #beginningWith(by: Name, prefix: string, after: string, limit: number): Row[] {
    return this.#sql
      .exec<Row>(
        `SELECT * FROM account WHERE ready = 1 AND ${by} >= ? AND ${by} < ? AND ${by} > ?
         ORDER BY ${by} LIMIT ?`,
        prefix,
        `${prefix}\u{10ffff}`,
        after,
        limit,
      )
      .toArray()
  }
}

function pageOf(rows: Row[], limit: number, placeOf: (row: Row) => SearchPlace): SearchPage {
  const last = rows.length >= limit ? rows.at(-1) : undefined
  return { accounts: rows.map(toAccount), ...(last && { next: placeOf(last) }) }
}

const toAccount = (row: Row): AdministeredAccount => ({
  did: row.did,
  handle: row.handle,
  email: row.email,
  createdAt: row.created_at,
  invitesDisabled: row.invites_disabled === 1,
  role: row.role === 'operator' ? row.role : null,
  status: row.status,
  deactivatedAt: row.deactivated_at,
  emailConfirmedAt: row.email_confirmed_at,
  hasFactor: row.factor === null ? null : row.factor === 1,
  attention: row.attention,
})
