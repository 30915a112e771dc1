import { MalformedCborError } from '../../kernel/cbor/reader.ts'
import { scanSubject } from '../../kernel/cbor/scan.ts'
import { LIMIT } from '../sql.ts'
import { PIECE } from './split-blocks.ts'

/** Collections that have at most one record for each subject. */
const LINKING = [
  'app.bsky.feed.like',
  'app.bsky.feed.repost',
  'app.bsky.graph.block',
  'app.bsky.graph.follow',
].map((collection) => ({ collection, prefix: `${collection}/` }))

/** The collection of a path, if it is one of these. */
const linkingCollection = (path: string): string | undefined =>
  LINKING.find(({ prefix }) => path.startsWith(prefix))?.collection

/** A record that refers to a subject. */
export interface Backlink {
  collection: string
  /** at:// URI or DID. */
  subject: string
  rkey: string
}

/** The subject of the record at a path, if its collection is one of those above and the record says one. */
export function backlinkOf(path: string, block: Uint8Array): Backlink | undefined {
  const collection = linkingCollection(path)
  if (collection === undefined) return undefined
  const subject = subjectOf(block)
  if (subject === undefined) return undefined
  return { collection, subject, rkey: path.slice(collection.length + 1) }
}

/** Records that were imported may be anything, and larger than what their row has of them. */
function subjectOf(block: Uint8Array): string | undefined {
  if (block.byteLength >= PIECE) return undefined
  for (const lenient of [false, true]) {
    try {
      return scanSubject(block, { lenient })
    } catch (error) {
      if (!(error instanceof MalformedCborError)) throw error
    }
  }
  return undefined
}

/** Finds likes, reposts, follows and blocks by their subject. */
export class Backlinks {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Other records of the same collection with the same subject as the record at `path`; at most `limit`. */
  duplicates(
    path: string,
    block: Uint8Array,
    limit: number,
  ): { collection: string; rkey: string }[] {
    const link = backlinkOf(path, block)
    if (!link) return []
    const { collection, subject } = link
    return this.#sql
      .exec<{ rkey: string }>(
        `SELECT rkey FROM backlink WHERE collection = ? AND subject = ? AND rkey <> ? ${LIMIT}`,
        collection,
        subject,
        link.rkey,
        limit,
      )
      .toArray()
      .map(({ rkey }) => ({ collection, rkey }))
  }

  add(path: string, block: Uint8Array): void {
    const link = backlinkOf(path, block)
    if (!link) return
    this.#sql.exec(
      'INSERT OR IGNORE INTO backlink (collection, subject, rkey) VALUES (?, ?, ?)',
      link.collection,
      link.subject,
      link.rkey,
    )
  }

  /** To be called while the record at `path` is still there. */
  remove(path: string): void {
    if (linkingCollection(path) === undefined) return
    const row = this.#sql
      .exec<{ block: ArrayBuffer }>('SELECT block FROM record WHERE path = ?', path)
      .toArray()[0]
    const link = row && backlinkOf(path, new Uint8Array(row.block))
    if (!link) return
    this.#sql.exec(
      'DELETE FROM backlink WHERE collection = ? AND subject = ? AND rkey = ?',
      link.collection,
      link.subject,
      link.rkey,
    )
  }
}
