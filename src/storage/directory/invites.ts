import { StorageError } from '../error.ts'
import { insertRows } from '../sql.ts'
import { RESERVATION } from './accounts.ts'
import {
  type InviteCode,
  type InviteCursor,
  type InviteOrigin,
  type InvitePage,
  type InviteSort,
  isOpen,
  type NewInviteCode,
  OPERATOR,
} from './invite-code.ts'
import { earnedCodes, type InviteSchedule } from './invite-schedule.ts'

type Row = {
  code: string
  uses: number
  disabled: number
  for_account: string
  created_by: string
  created_at: string
}
type UseRow = { code: string; used_by: string; used_at: string }

/** A code as it is stored, of one that was typed. */
const plainCode = (typed: string): string => typed.trim().toLowerCase()

/** Uses of codes in one page of them. */
const MAX_USES = 10_000

/** Invite codes, their owners and their uses. */
export class Invites {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add(codes: readonly NewInviteCode[]): void {
    const now = new Date().toISOString()
    insertRows(
      this.#sql,
      'INSERT INTO invite_code (code, uses, for_account, created_by, created_at)',
      codes.map((code) => [code.code, code.available, code.forAccount, code.createdBy, now]),
    )
  }

  /**
   * Checks a code that an account is to be created with. A reservation of names that was made with it counts as a
   * use until it expires; expired ones are deleted.
   *
   * @throws StorageError `InvalidInviteCode` when there is none, it is disabled or used up
   */
  assertUsable(input: string): string {
    const code = plainCode(input)
    const row = this.#sql.exec<Row>('SELECT * FROM invite_code WHERE code = ?', code).toArray()[0]
    if (!row || row.disabled === 1 || this.#countUses(code) >= row.uses) {
      throw new StorageError('InvalidInviteCode', 'Provided invite code not available')
    }
    return code
  }

  /** The account is created: the use that its reservation held becomes permanent. */
  noteUse(did: string): void {
    this.#sql.exec(
      `INSERT INTO invite_use (code, used_by, used_at)
         SELECT invite_code, did, ? FROM account WHERE did = ? AND invite_code IS NOT NULL`,
      new Date().toISOString(),
      did,
    )
    this.#sql.exec('UPDATE account SET invite_code = NULL WHERE did = ?', did)
  }

  /** Whose a code is, and who made it. */
  originOf(code: string): InviteOrigin | undefined {
    const [row] = this.#sql
      .exec<Pick<Row, 'for_account' | 'created_by'>>(
        'SELECT for_account, created_by FROM invite_code WHERE code = ?',
        plainCode(code),
      )
      .toArray()
    return row && { forAccount: row.for_account, createdBy: row.created_by }
  }

  /** The codes of an account, in order of creation. */
  ofAccount(did: string): InviteCode[] {
    return this.#withUses(
      this.#sql
        .exec<Row>('SELECT * FROM invite_code WHERE for_account = ? ORDER BY created_at, code', did)
        .toArray(),
    )
  }

  /** The code that an account was created with. */
  usedBy(did: string): InviteCode | undefined {
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM invite_code WHERE code =
           (SELECT code FROM invite_use WHERE used_by = ? ORDER BY used_at DESC LIMIT 1)`,
        did,
      )
      .toArray()
    return this.#withUses(rows)[0]
  }

  /**
   * Adds the codes that an account has earned.
   *
   * @param createdAt of the account, in ms since 1970
   * @param fresh random codes, of which as many are used as are needed
   */
  addEarned(did: string, createdAt: number, schedule: InviteSchedule, fresh: readonly string[]) {
    const routine = this.ofAccount(did)
      .filter(({ createdBy }) => createdBy !== OPERATOR)
      .map((code) => ({ createdAt: code.createdAt, open: isOpen(code) }))
    const earned = earnedCodes(routine, createdAt, schedule, Date.now())
    this.add(
      fresh
        .slice(0, earned)
        .map((code) => ({ code, available: 1, forAccount: did, createdBy: did })),
    )
  }

  /** @param accounts all codes of these accounts too */
  disable(codes: readonly string[], accounts: readonly string[]): void {
    for (const code of codes) {
      this.#sql.exec('UPDATE invite_code SET disabled = 1 WHERE code = ?', code)
    }
    for (const did of accounts) {
      this.#sql.exec('UPDATE invite_code SET disabled = 1 WHERE for_account = ?', did)
    }
  }

  /**
   * An account is gone: its codes go with it. One that it was created with stays used up, though nobody knows any more
   * by whom.
   */
  forgetAccount(did: string): void {
    this.#sql.exec(
      `DELETE FROM invite_use WHERE code IN (SELECT code FROM invite_code WHERE for_account = ?)`,
      did,
    )
    this.#sql.exec('DELETE FROM invite_code WHERE for_account = ?', did)
    this.#sql.exec(
      'UPDATE invite_code SET uses = uses - 1 WHERE code IN (SELECT code FROM invite_use WHERE used_by = ?)',
      did,
    )
    this.#sql.exec('DELETE FROM invite_use WHERE used_by = ?', did)
    this.#sql.exec('UPDATE invite_code SET created_by = ? WHERE created_by = ?', OPERATOR, did)
  }

  /**
   * One page of all codes, the newest first, or the most used.
   *
   * @param after sort key and code of the last one of the page before
   */
  list(sort: InviteSort, limit: number, after?: InviteCursor): InvitePage {
    const key = sort === 'recent' ? 'created_at' : 'used'
    const rows = this.#sql
      .exec<Row & { used: number }>(
        `SELECT * FROM (
           SELECT *, (SELECT count(*) FROM invite_use u WHERE u.code = c.code) AS used
           FROM invite_code c)
         WHERE ?1 IS NULL OR ${key} < ?1 OR (${key} = ?1 AND code < ?2)
         ORDER BY ${key} DESC, code DESC LIMIT ?3`,
        after?.key ?? null,
        after?.code ?? null,
        limit,
      )
      .toArray()
    // A page ends before the uses of its codes become too many; one code comes with all of them.
    let uses = 0
    const cut = rows.findIndex(({ used }, index) => {
      uses += used
      return index > 0 && uses > MAX_USES
    })
    const page = cut < 0 ? rows : rows.slice(0, cut)
    const last = rows.length === limit || cut >= 0 ? page.at(-1) : undefined
    return {
      codes: this.#withUses(page),
      next: last && { key: last[key], code: last.code },
    }
  }

  #countUses(code: string): number {
    this.#sql.exec(
      'DELETE FROM account WHERE invite_code = ? AND ready = 0 AND created_at < ?',
      code,
      Date.now() - RESERVATION,
    )
    return this.#sql
      .exec<{ uses: number }>(
        `SELECT (SELECT count(*) FROM invite_use WHERE code = ?1) +
                (SELECT count(*) FROM account WHERE invite_code = ?1 AND ready = 0) AS uses`,
        code,
      )
      .one().uses
  }

  #withUses(rows: readonly Row[]): InviteCode[] {
    return rows.map((row) => ({
      code: row.code,
      available: row.uses,
      disabled: row.disabled === 1,
      forAccount: row.for_account,
      createdBy: row.created_by,
      createdAt: row.created_at,
      uses: this.#sql
        .exec<UseRow>('SELECT * FROM invite_use WHERE code = ? ORDER BY used_at', row.code)
        .toArray()
        .map(({ used_by, used_at }) => ({ usedBy: used_by, usedAt: used_at })),
    }))
  }
}
