import { StorageError } from '../error.ts'

/** What the operator has said of a name under the host's own domains. */
export type HandleRule = 'reserved' | 'free'

export interface RuledName {
  name: string
  rule: HandleRule
}

/** Names that may have a rule. */
const MAX_RULES = 10_000

type Row = { name: string; reserved: number }

/** Names that the operator reserves, or frees of those that are reserved by default. */
export class HandleRules {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @returns undefined: the operator has said nothing of it */
  find(name: string): HandleRule | undefined {
    const [row] = this.#sql
      .exec<Row>('SELECT name, reserved FROM handle_rule WHERE name = ?', name)
      .toArray()
    return row && ruleOf(row)
  }

  /** @param rule undefined: as it is by default @throws StorageError `InvalidRequest` when there are too many */
  set(name: string, rule: HandleRule | undefined): void {
    if (rule === undefined) {
      this.#sql.exec('DELETE FROM handle_rule WHERE name = ?', name)
      return
    }
    const { n } = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM handle_rule').one()
    if (n >= MAX_RULES && this.find(name) === undefined) {
      throw new StorageError('InvalidRequest', `At most ${MAX_RULES} names can have a rule`)
    }
    this.#sql.exec(
      'INSERT OR REPLACE INTO handle_rule (name, reserved, at) VALUES (?, ?, ?)',
      name,
      rule === 'reserved' ? 1 : 0,
      Date.now(),
    )
  }

  /** In order of their names, after one of them. */
  list(limit: number, after = ''): RuledName[] {
    return this.#sql
      .exec<Row>(
        'SELECT name, reserved FROM handle_rule WHERE name > ? ORDER BY name LIMIT ?',
        after,
        limit,
      )
      .toArray()
      .map((row) => ({ name: row.name, rule: ruleOf(row) }))
  }
}

const ruleOf = ({ reserved }: Row): HandleRule => (reserved === 1 ? 'reserved' : 'free')
