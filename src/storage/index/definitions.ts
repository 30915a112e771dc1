import { createTables, hashOf, type IndexSpec, searchName, tableName } from './spec.ts'

/** One definition of what is indexed of a collection, with tables of its own. */
export interface IndexDefinition {
  id: number
  collection: string
  hash: string
  spec: IndexSpec
  /** `building`: it is being filled from the repositories, and nobody is answered from it. */
  state: 'building' | 'live'
  /** How far the filling has got: the place of an account in the sequencer's list. */
  place: number
  /** Accounts and records that were read for it. */
  accounts: number
  records: number
  /** ms since the epoch. */
  startedAt: number
  finishedAt: number | null
}

type Row = {
  id: number
  collection: string
  hash: string
  spec: string
  state: 'building' | 'live'
  place: number
  accounts: number
  records: number
  started_at: number
  finished_at: number | null
}

/** The definitions that have tables: for each collection the one that serves, and the one that is about to. */
export class Definitions {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  #cached: IndexDefinition[] | undefined

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  all(): readonly IndexDefinition[] {
    this.#cached ??= this.#sql
      .exec<Row>('SELECT * FROM definition ORDER BY id')
      .toArray()
      .map(({ spec, started_at, finished_at, ...row }) => ({
        ...row,
        spec: JSON.parse(spec) as IndexSpec,
        startedAt: started_at,
        finishedAt: finished_at,
      }))
    return this.#cached
  }

  of(collection: string): IndexDefinition[] {
    return this.all().filter((definition) => definition.collection === collection)
  }

  /**
   * Brings the tables into line with what the project says now: makes those of new definitions, to be filled, and drops
   * those of collections that are not indexed any more. The old ones of changed definitions stay until the new are full.
   *
   * @param keep collections of which the project cannot say now what is indexed: theirs stay as they are
   */
  adopt(specs: readonly IndexSpec[], now: number, keep: ReadonlySet<string> = new Set()): void {
    const wanted = new Map(specs.map((spec) => [spec.collection, { spec, hash: hashOf(spec) }]))
    const isNew = [...wanted.values()].filter(
      ({ spec, hash }) => !this.of(spec.collection).some((known) => known.hash === hash),
    )
    const isOver = this.all().filter((known) => {
      const now = wanted.get(known.collection)
      if (!now) return !keep.has(known.collection)
      return known.state === 'building' && known.hash !== now.hash
    })
    // One that is wanted again, and was about to be replaced.
    const isSuperseded = this.all().filter((known) => {
      const now = wanted.get(known.collection)
      return (
        now &&
        known.state === 'live' &&
        known.hash !== now.hash &&
        this.#isLive(known.collection, now.hash)
      )
    })
    if (isNew.length + isOver.length + isSuperseded.length === 0) return
    this.#change(() => {
      for (const { id, spec } of [...isOver, ...isSuperseded]) this.#drop(id, spec)
      for (const { spec, hash } of isNew) {
        const { id } = this.#sql
          .exec<{ id: number }>(
            `INSERT INTO definition
               (collection, hash, spec, state, place, accounts, records, started_at, finished_at)
             VALUES (?, ?, ?, 'building', 0, 0, 0, ?, NULL) RETURNING id`,
            spec.collection,
            hash,
            JSON.stringify(spec),
            now,
          )
          .one()
        this.#sql.exec(createTables(id, spec))
      }
    })
  }

  /** Notes how far the filling has got; in a transaction of the caller's. */
  noteProgress(id: number, place: number, accounts: number, records: number): void {
    this.#sql.exec(
      'UPDATE definition SET place = ?, accounts = accounts + ?, records = records + ? WHERE id = ?',
      place,
      accounts,
      records,
      id,
    )
    this.#cached = undefined
  }

  /** It is filled, and serves from now on; those of the collection that served before go. */
  finish(id: number, now: number): void {
    const finished = this.all().find((definition) => definition.id === id)
    if (!finished) return
    this.#change(() => {
      for (const old of this.of(finished.collection)) {
        if (old.id !== id) this.#drop(old.id, old.spec)
      }
      this.#sql.exec("UPDATE definition SET state = 'live', finished_at = ? WHERE id = ?", now, id)
      this.#sql.exec('DELETE FROM removed WHERE definition = ?', id)
    })
  }

  /** Drops all tables, as after events were lost: what is kept may be wrong. */
  dropAll(): void {
    this.#change(() => {
      for (const { id, spec } of this.all()) this.#drop(id, spec)
      for (const table of ['account', 'hidden_record']) this.#sql.exec(`DELETE FROM ${table}`)
    })
  }

  /** Drops the cache, after a rollback. */
  clearCache(): void {
    this.#cached = undefined
  }

  #isLive(collection: string, hash: string): boolean {
    return this.of(collection).some((one) => one.hash === hash && one.state === 'live')
  }

  #drop(id: number, spec: IndexSpec): void {
    this.#sql.exec(`DROP TABLE ${tableName(id)}`)
    if (spec.search.length > 0) this.#sql.exec(`DROP TABLE ${searchName(id)}`)
    for (const table of ['scan', 'removed']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE definition = ?`, id)
    }
    this.#sql.exec('DELETE FROM definition WHERE id = ?', id)
  }

  #change(work: () => void): void {
    try {
      this.#storage.transactionSync(work)
    } finally {
      this.#cached = undefined
    }
  }
}
