/**
 * Blocks that are too large for one row, as only imports bring them: SQLite on Cloudflare takes 2 MB. The row of a
 * record has the first piece of its block, `block_part` the others, by CID.
 */
import { ui8Concat } from '@atproto/lex-data'
import type { CidBytes } from '../../kernel/cbor/cid.ts'

/**
 * Bytes of a piece. No record that was written here is so large, so that the length of what is in the row says whether
 * there may be more.
 */
export const PIECE = 1_500_000

/** What the row of a record has of its block. */
export const firstPiece = (block: Uint8Array): Uint8Array =>
  block.byteLength > PIECE ? block.subarray(0, PIECE) : block

/** The pieces behind the first, as rows of `block_part`; none of an ordinary block. */
export function* furtherPieces(
  cid: CidBytes,
  block: Uint8Array,
): Generator<[cid: CidBytes, part: number, bytes: Uint8Array]> {
  for (let part = 1; part * PIECE < block.byteLength; part++) {
    yield [cid, part, block.subarray(part * PIECE, (part + 1) * PIECE)]
  }
}

/** The whole block whose first piece was read; reads a row for each further one. */
export function wholeBlock(
  sql: SqlStorage,
  cid: CidBytes,
  first: ArrayBuffer,
  table: 'block_part' | 'import_block_part' = 'block_part',
): Uint8Array {
  const piece = new Uint8Array(first)
  if (piece.byteLength !== PIECE) return piece
  const rows = sql.exec<{ bytes: ArrayBuffer }>(
    `SELECT bytes FROM ${table} WHERE cid = ? ORDER BY part`,
    cid,
  )
  return ui8Concat([piece, ...rows.toArray().map(({ bytes }) => new Uint8Array(bytes))])
}

/** Paths looked up by one statement. */
const LOOKUP = 100

/** Bytes of the records at some paths together; reads a row for each. */
export function sizesAt(sql: SqlStorage, paths: readonly string[]): number {
  let bytes = 0
  for (let from = 0; from < paths.length; from += LOOKUP) {
    const some = paths.slice(from, from + LOOKUP)
    const rows = sql.exec<{ cid: ArrayBuffer; size: number }>(
      `SELECT cid, length(block) AS size FROM record WHERE path IN (${some.map(() => '?').join(', ')})`,
      ...some,
    )
    for (const { cid, size } of rows.toArray()) {
      bytes += size
      if (size === PIECE) bytes += sizeOfFurther(sql, cid)
    }
  }
  return bytes
}

const sizeOfFurther = (sql: SqlStorage, cid: ArrayBuffer): number =>
  sql
    .exec<{ size: number }>(
      'SELECT coalesce(sum(length(bytes)), 0) AS size FROM block_part WHERE cid = ?',
      cid,
    )
    .one().size

/** Deletes the pieces of blocks that no record has any more. */
export function dropOrphanPieces(sql: SqlStorage): void {
  // Reads before it deletes: as a rule there are none.
  if (sql.exec('SELECT 1 FROM block_part LIMIT 1').toArray().length === 0) return
  sql.exec('DELETE FROM block_part WHERE cid NOT IN (SELECT cid FROM record)')
}
