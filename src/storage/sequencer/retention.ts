import { eventsOf, type Row } from './event-rows.ts'
import { didsOf, pack } from './pack.ts'

/** Rows removed or scanned by one step, bytes of those that are removed, and rows that are packed anew: some ten ms. */
const CHUNK = 2000
const CHUNK_BYTES = 8 * 1024 * 1024
const CHUNK_REWRITTEN = 50

/** Expired events are kept for this time, in ms, or a tenth of the retention, so that they are removed in batches. */
const SLACK = 60 * 60 * 1000

/**
 * Schedules the removal of all events of a deleted account before the one numbered `before`. To be called in
 * the transaction that stores that event.
 */
export function schedulePurge(sql: SqlStorage, did: string, before: number): void {
  sql.exec(
    `INSERT INTO purge (did, done_to, before) VALUES (?, (SELECT min(seq) - 1 FROM event), ?)
     ON CONFLICT (did) DO UPDATE SET done_to = excluded.done_to, before = excluded.before`,
    did,
    before,
  )
  sql.exec('INSERT OR REPLACE INTO farewell (seq, did) VALUES (?, ?)', before, did)
}

/** The same for all events that there are of an account that was deleted in another object. */
export function purgeAll(sql: SqlStorage, did: string, head: number): void {
  sql.exec(
    'INSERT OR REPLACE INTO purge (did, done_to, before) VALUES (?, (SELECT coalesce(min(seq), 1) - 1 FROM event), ?)',
    ...[did, head + 1],
  )
}

/** A log that is full is made smaller by this part of what it may have, so that events are removed in batches. */
const MARGIN = 0.1

/** How long events are kept, in ms, and how many bytes of rows. */
export interface RetentionRule {
  time: number
  size: number
}

/** The oldest rows that are to go: the number of the last one, or 0 where there are none, and whether there may be more. */
interface Oldest {
  upTo: number
  isMore: boolean
}

/** Removes expired events, the oldest when they are too many bytes, and those of deleted accounts, a chunk at a time. */
export class Retention {
  readonly #sql: SqlStorage
  readonly #rule: RetentionRule
  /** Whether another object says up to which number events are removed. */
  #isTold = false
  readonly #overwrites: boolean
  #prunedTo: number
  #fullAt: number

  /** @param overwrites whether what is removed of deleted accounts is overwritten first: on a disk that others may read */
  constructor(sql: SqlStorage, rule: RetentionRule, { overwrites = false } = {}) {
    this.#sql = sql
    this.#rule = rule
    this.#overwrites = overwrites
    this.#prunedTo = sql
      .exec<{ pruned_to: number }>('SELECT pruned_to FROM horizon')
      .one().pruned_to
    this.#fullAt = this.#totalOf('min') + rule.size
  }

  /** The number of the newest event that was removed, but for those of deleted accounts; 0: none was. */
  get prunedTo(): number {
    return this.#prunedTo
  }

  /** What was up to this number is not here, and consumers with such cursors are told so. */
  forgetTo(seq: number): void {
    this.#sql.exec('UPDATE horizon SET pruned_to = max(pruned_to, ?)', seq)
    this.#prunedTo = Math.max(this.#prunedTo, seq)
  }

  /** `EventLog.total` at which the log is full. */
  get fullAt(): number {
    return this.#fullAt
  }

  /** `EventLog.total` when the oldest or the newest event of the log had been stored. */
  #totalOf(which: 'min' | 'max'): number {
    const [row] = this.#sql
      .exec<{ total: number | null }>(
        `SELECT total FROM event WHERE seq = (SELECT ${which}(seq) FROM event)`,
      )
      .toArray()
    return row?.total ?? 0
  }

  /** When there is something to remove, in ms since the epoch; undefined: nothing is due. */
  due(): number | undefined {
    if (this.#sql.exec('SELECT 1 FROM purge LIMIT 1').toArray().length > 0) return 0
    if (this.#isTold) return undefined
    const [oldest, second] = this.#sql
      .exec<{ time: number }>('SELECT time FROM event ORDER BY seq LIMIT 2')
      .toArray()
    // The newest event stays.
    if (!oldest || !second) return undefined
    return this.#excess() > 0 ? 0 : oldest.time + this.#rule.time + this.#slack()
  }

  #slack(): number {
    return Math.min(SLACK, this.#rule.time / 10)
  }

  /** Bytes to remove from a log that is full, the margin included; 0: it is not. */
  #excess(): number {
    const over = this.#totalOf('max') - this.#fullAt
    return over > 0 ? over + this.#rule.size * MARGIN : 0
  }

  /** Removes one chunk of what is due at `now`; whether there may be more. */
  step(now: number): boolean {
    return this.#purge() || (!this.#isTold && this.#prune(now - this.#rule.time))
  }

  /** From now on events are removed for their age or number only as another object says. */
  leaveToOthers(): void {
    this.#isTold = true
  }

  /** Number of the last event of those that are too many bytes, or of a first part of them; 0: they are not. */
  get tooMuchTo(): number {
    return this.#excess() > 0 ? this.#oldest(0).upTo : 0
  }

  /** Removes a chunk of the events up to a number, except the newest of all; whether there may be more. */
  removeTo(seq: number): boolean {
    return this.#removeRows(this.#oldest(0, seq))
  }

  /**
   * Removes the oldest events as far as they were stored before `time` or are too many bytes, except the newest one,
   * which keeps the count. Reads and writes one row for each of the log.
   */
  #prune(time: number): boolean {
    return this.#removeRows(this.#oldest(time))
  }

  /** A chunk of the oldest: those stored before `time` or too many bytes; or those up to `last`, where that is said. */
  #oldest(time: number, last?: number): Oldest {
    const total = this.#fullAt - this.#rule.size + this.#excess()
    const rows = this.#sql.exec<{ seq: number; time: number; total: number | null }>(
      `SELECT seq, time, total FROM event WHERE seq < (SELECT max(seq) FROM event)
       ORDER BY seq LIMIT ${CHUNK}`,
    )
    let upTo = 0
    let count = 0
    let from: number | undefined
    let isMore = false
    for (const row of rows) {
      const stays =
        last === undefined ? row.time >= time && (row.total ?? 0) >= total : row.seq > last
      if (stays) break
      from ??= row.total ?? 0
      upTo = row.seq
      count++
      isMore = count === CHUNK || (row.total ?? 0) - from >= CHUNK_BYTES
      if (isMore) break
    }
    return { upTo, isMore }
  }

  #removeRows({ upTo, isMore }: Oldest): boolean {
    if (upTo === 0) return false
    this.#forgetSources(upTo)
    this.#sql.exec('DELETE FROM event WHERE seq <= ?', upTo)
    this.#sql.exec('UPDATE horizon SET pruned_to = max(pruned_to, ?)', upTo)
    this.#prunedTo = Math.max(this.#prunedTo, upTo)
    this.#fullAt = this.#totalOf('min') + this.#rule.size
    return isMore
  }

  /**
   * Goes on with one deleted account. There is no index on the DID: it would cost a row per event. Rows that have events of others
   * are packed anew without its own.
   */
  #purge(): boolean {
    const purge = this.#sql
      .exec<{ did: string; done_to: number; before: number }>('SELECT * FROM purge LIMIT 1')
      .toArray()[0]
    if (!purge) return false
    const { did, done_to: from, before } = purge
    const rows = this.#sql
      .exec<{ seq: number; did: string }>(
        `SELECT seq, did FROM event WHERE seq > ? ORDER BY seq LIMIT ${CHUNK}`,
        from,
      )
      .toArray()
    let rewritten = 0
    for (const row of rows) {
      if (didsOf(row).includes(did)) {
        this.#remove(did, row.seq, before)
        rewritten++
      }
      // Behind this row there is nothing that is older.
      if (row.seq >= before - 1) break
      if (rewritten < CHUNK_REWRITTEN && row !== rows.at(-1)) continue
      this.#sql.exec('UPDATE purge SET done_to = ? WHERE did = ?', row.seq, did)
      return true
    }
    this.#sql.exec('DELETE FROM purge WHERE did = ?', did)
    return true
  }

  /** Removes an account's events before one from a row. */
  #remove(did: string, seq: number, before: number): void {
    const row = this.#sql
      .exec<Row>('SELECT seq, did, entries, frame FROM event WHERE seq = ?', seq)
      .one()
    const events = eventsOf(row)
    const left = events.filter(({ did: whose, event }) => whose !== did || event.seq >= before)
    if (left.length === events.length) return
    if (this.#overwrites) this.#overwrite('seq = ?', seq)
    const newer = this.#sql.exec('SELECT 1 FROM event WHERE seq > ? LIMIT 1', seq).toArray()
    // The newest keeps the count, without events.
    if (left.length === 0 && newer.length > 0) {
      this.#sql.exec('DELETE FROM event WHERE seq = ?', seq)
    } else {
      const packed = pack(left, seq, true)
      this.#sql.exec(
        'UPDATE event SET did = ?, entries = ?, frame = ? WHERE seq = ?',
        ...[packed.did, packed.entries, packed.frame, seq],
      )
    }
  }

  /** Forgets deleted accounts whose last event is about to leave the log, unless they came back meanwhile. */
  #forgetSources(upTo: number): void {
    const condition = 'SELECT did FROM farewell WHERE seq <= ?'
    if (this.#sql.exec(`${condition} LIMIT 1`, upTo).toArray().length === 0) return
    if (this.#overwrites) {
      const rows = 'SELECT (SELECT min(seq) FROM event WHERE seq >= farewell.seq) FROM farewell'
      this.#overwrite(`seq IN (${rows} WHERE seq <= ?)`, upTo)
    }
    this.#sql.exec(
      `UPDATE source SET did = 'forgotten ' || place, head = NULL, rev = NULL
       WHERE status = 'deleted' AND did IN (${condition})`,
      upTo,
    )
    this.#sql.exec('DELETE FROM farewell WHERE seq <= ?', upTo)
  }

  /**
   * Overwrites rows where they are, before they are deleted or packed anew in the same turn: SQLite leaves the bytes of rows that
   * are deleted in the file. A row that stays as long as it was is written in its own place (SQLite, btreeOverwriteCell).
   */
  #overwrite(condition: string, ...values: (string | number)[]): void {
    this.#sql.exec(
      `UPDATE event SET frame = zeroblob(length(frame)), did = substr(hex(zeroblob(length(did))), 1, length(did))
       WHERE ${condition}`,
      ...values,
    )
  }
}
