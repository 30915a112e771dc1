/** What an index is asked, and what it answers. */
import type { KeyCondition } from './conditions.ts'
import type { Key } from './order.ts'

/** Which rows of an index: equal on its first places, and on the next one a range, if any. */
export interface IndexSelection {
  collection: string
  index: string
  where?: Readonly<Record<string, KeyCondition>>
}

export interface PageQuery extends IndexSelection {
  limit: number
  cursor?: string
  reverse?: boolean
}

/** A record of an index as it is stored. */
export interface IndexRow {
  did: string
  rkey: string
  cid: Uint8Array
  block: Uint8Array
}

export interface IndexPage {
  rows: IndexRow[]
  /** Where the next page begins; undefined: this is the last. */
  cursor?: string
}

/** A record that was found by its words. */
export interface RankedRow extends IndexRow {
  /** What comes first is less. */
  rank: number
  /** Where the search goes on behind it. */
  next: number
}

/** Some of what a search has found. */
export interface RankedPage {
  rows: RankedRow[]
  /** Where it began, where it goes on, and whether there is more. */
  from: number
  next: number
  more: boolean
}

/** Records on a page, at most. */
export const MAX_PAGE = 100

/** Bytes of records in one answer, as everywhere (`src/storage/account/records.ts`). */
export const MAX_BYTES = 2 * 1024 * 1024

/** Matches of a search that can be paged through: those before are counted for each page. */
export const MAX_OFFSET = 10_000

/** A record with its place in the order that was asked for. */
export interface KeyedRow extends IndexRow {
  key: Key
}

/** What one shard has of a page. */
export interface ShardPage {
  rows: KeyedRow[]
  /** Up to here it is complete, and there may be more behind; undefined: that is all; empty: nothing was looked at. */
  end?: Key
}

/** A whole number within bounds, whatever a handler was given. */
export const between = (least: number, value: number, most: number): number =>
  Math.max(least, Math.min(Math.trunc(value) || 0, most))
