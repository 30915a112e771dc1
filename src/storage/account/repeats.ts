import type { CidBytes } from '../../kernel/cbor/cid.ts'

/** Bits of the filter for each record, and at least and at most; 2 MB suffice for two million records. */
const BITS_PER_RECORD = 8
const LEAST_BITS = 2 ** 16
const MOST_BITS = 2 ** 24

/** Where in a CID its digest is, and how many numbers are taken from there. */
const DIGEST = 4
const HASHES = 3

/** That a record of equal content is at a smaller key of the same state of the repository. */
const QUERY = `
  SELECT 1 FROM record WHERE cid = ?1 AND path < ?2 AND rev <= ?3 AND rev > ?4
  UNION ALL
  SELECT 1 FROM snapshot_record
  WHERE cid = ?1 AND path < ?2 AND rev <= ?3 AND rev > ?4 AND until > ?3
  LIMIT 1`

/**
 * Finds the records of an export whose block went before, as that of another record of equal content. A Bloom filter,
 * for which a CID is its own hash, says of most records that it did not; of the others the database knows. So memory
 * is bounded, and a repository without repetitions costs next to nothing.
 */
export class Repeats {
  readonly #sql: SqlStorage
  readonly #rev: string
  readonly #since: string
  readonly #bits: Uint8Array
  readonly #mask: number

  /** `records`: about how many there are. */
  constructor(sql: SqlStorage, rev: string, since: string, records: number) {
    this.#sql = sql
    this.#rev = rev
    this.#since = since
    const wanted = 2 ** Math.ceil(Math.log2(records * BITS_PER_RECORD + 1))
    const bits = Math.min(MOST_BITS, Math.max(LEAST_BITS, wanted))
    this.#bits = new Uint8Array(bits / 8)
    this.#mask = bits - 1
  }

  /** Whether the block of the record at `path` went before; to be asked of each record once, in order. */
  has(path: string, cid: CidBytes): boolean {
    return this.#mayHave(cid) && this.#isStored(path, cid)
  }

  /** Adds a CID to the filter; false if it was not there, for certain. */
  #mayHave(cid: CidBytes): boolean {
    const view = new DataView(cid.buffer, cid.byteOffset + DIGEST)
    let isKnown = true
    for (let n = 0; n < HASHES; n++) {
      const bit = view.getUint32(4 * n) & this.#mask
      const byte = bit >> 3
      const flag = 1 << (bit & 7)
      const before = this.#bits[byte] ?? 0
      if ((before & flag) === 0) isKnown = false
      this.#bits[byte] = before | flag
    }
    return isKnown
  }

  #isStored(path: string, cid: CidBytes): boolean {
    return this.#sql.exec(QUERY, cid, path, this.#rev, this.#since).toArray().length > 0
  }
}
