/** Puts together what the shards of an index answer. */
import { makeCursor } from './cursor.ts'
import { compareKeys, type Key } from './order.ts'
import type { IndexPage, IndexRow, KeyedRow, RankedPage, ShardPage } from './pages.ts'

export interface MergeOptions {
  /** Records of all together, at least one. */
  limit: number
  reverse: boolean
  /** Bytes of records after which the page ends. */
  maxBytes: number
}

/** The first records of all pages, no further than every shard has told; with the key of the last that was passed. */
export function mergeRows(
  pages: readonly ShardPage[],
  { limit, reverse, maxBytes }: MergeOptions,
): ShardPage {
  const compare = reverse ? (a: Key, b: Key) => compareKeys(b, a) : compareKeys
  const ends = pages.flatMap(({ end }) => (end ? [end] : []))
  if (ends.some((end) => end.length === 0)) return { rows: [], end: [] }
  const end = ends.sort(compare)[0]
  const all = pages.flatMap(({ rows }) => rows).sort((a, b) => compare(a.key, b.key))
  const rows: KeyedRow[] = []
  let bytes = 0
  for (const row of all) {
    if (end && compare(row.key, end) > 0) break
    rows.push(row)
    bytes += row.block.byteLength
    if (rows.length >= limit || bytes >= maxBytes) return { rows, end: row.key }
  }
  return { rows, ...(end && { end }) }
}

/** One page of all shards. Its cursor says nothing of how many there are. */
export function mergePages(pages: readonly ShardPage[], options: MergeOptions): IndexPage {
  const { rows, end } = mergeRows(pages, options)
  return {
    rows: rows.map(withoutKey),
    ...(end && end.length > 0 && { cursor: makeCursor(end) }),
  }
}

export const withoutKey = ({ key: _, ...row }: KeyedRow): IndexRow => row

/**
 * The best of what each shard has found, by ranks. Each shard ranks by how often words occur in it, so that ranks of several
 * are about the same, and no more.
 *
 * @returns for each shard how many of its matches are behind, those that may not be seen included
 */
export function mergeRanked(
  pages: readonly RankedPage[],
  limit: number,
  maxBytes: number,
): { rows: IndexRow[]; next: number[]; more: boolean } {
  const taken = pages.map(() => 0)
  const rows: IndexRow[] = []
  let bytes = 0
  while (rows.length < limit && bytes < maxBytes) {
    // What a shard has not told yet may be better than what others have.
    if (pages.some((page, at) => page.rows.length === taken[at] && page.more)) break
    const heads = pages.flatMap((page, at) => {
      const row = page.rows[taken[at] ?? 0]
      return row ? [{ row, at }] : []
    })
    if (heads.length === 0) break
    const { row, at } = heads.reduce((best, one) => (one.row.rank < best.row.rank ? one : best))
    const { rank: _, next: __, ...found } = row
    rows.push(found)
    bytes += found.block.byteLength
    taken[at] = (taken[at] ?? 0) + 1
  }
  const isOver = pages.map((page, at) => page.rows.length === taken[at])
  return {
    rows,
    // The next one is looked at again, and with it what is before it and may not be seen.
    next: pages.map((page, at) =>
      isOver[at] ? page.next : (page.rows[(taken[at] ?? 0) - 1]?.next ?? page.from),
    ),
    more: pages.some((page, at) => page.more || !isOver[at]),
  }
}
