import { StorageError } from './error.ts'

/** Bytes in one row: SQLite on Cloudflare takes 2 MB. */
const PIECE = 1024 * 1024

/**
 * A file that arrives in pieces, in a table that exists only meanwhile: so whoever sends it goes on where it broke off,
 * and nothing of it is used before it is whole.
 */
export class Pieces {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Bytes that are here. */
  size(): number {
    if (!this.#exists()) return 0
    const [last] = this.#sql
      .exec<{ at: number; length: number }>(
        'SELECT at, length(bytes) AS length FROM restore_piece ORDER BY at DESC LIMIT 1',
      )
      .toArray()
    return last ? last.at + last.length : 0
  }

  /**
   * Adds bytes at the end; those that are here already are left as they are.
   *
   * @param offset of the first of them
   * @returns bytes that are here now
   * @throws StorageError `InvalidRequest` when something between is missing
   */
  add(offset: number, bytes: Uint8Array): number {
    const size = this.size()
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > size) {
      throw new StorageError('InvalidRequest', `Of the file, ${size} bytes are here: go on there`)
    }
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS restore_piece (at INTEGER PRIMARY KEY, bytes BLOB NOT NULL)',
    )
    for (let at = size; at < offset + bytes.byteLength; at += PIECE) {
      const piece = bytes.subarray(at - offset, at - offset + PIECE)
      this.#sql.exec('INSERT INTO restore_piece (at, bytes) VALUES (?, ?)', at, piece)
    }
    return this.size()
  }

  /** The bytes, a row in memory at a time. */
  *read(): Generator<Uint8Array<ArrayBuffer>> {
    if (!this.#exists()) return
    let at = -1
    for (;;) {
      const [row] = this.#sql
        .exec<{ at: number; bytes: ArrayBuffer }>(
          'SELECT at, bytes FROM restore_piece WHERE at > ? ORDER BY at LIMIT 1',
          at,
        )
        .toArray()
      if (!row) return
      at = row.at
      yield new Uint8Array(row.bytes)
    }
  }

  clear(): void {
    if (this.#exists()) this.#sql.exec('DROP TABLE restore_piece')
  }

  #exists(): boolean {
    return (
      this.#sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'restore_piece'").toArray().length >
      0
    )
  }
}

/** Lines of text, without their ends. */
export function* linesOf(pieces: Iterable<Uint8Array>): Generator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
