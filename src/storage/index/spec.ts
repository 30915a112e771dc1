/** What of a collection's records is kept in the host's index, and how the tables for it are called. */
import { createHash } from 'node:crypto'

/** How a value is compared: a datetime by the time that it says, whatever its spelling; `any` as it is, numbers first. */
export type KeyKind = 'text' | 'datetime' | 'number' | 'any'

/** A place in a record, such as `subject.uri`; `@did` and `@rkey` are of its address. */
export interface KeyColumn {
  path: string
  kind: KeyKind
}

export interface IndexSpec {
  collection: string
  /** All places that indexes are made of, each once. */
  columns: readonly KeyColumn[]
  /** By name, the places of `columns` in the order in which they count. */
  indexes: Readonly<Record<string, readonly number[]>>
  /** Places whose words are looked up. */
  search: readonly string[]
  /**
   * Of records with the same values and key, DIDs say which comes first, as they do in every object that has a part of the
   * index. Absent in what an earlier release made: there it is the number of the account in the database.
   */
  byDid?: true
}

/** Changes whenever what is stored changes: then everything is read from the repositories again. */
const FORMAT = 3

/** What tells one definition from another. */
export function hashOf(spec: IndexSpec): string {
  const text = JSON.stringify([FORMAT, spec.collection, spec.columns, spec.indexes, spec.search])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Characters of a text that count. */
export const MAX_KEY = 512

/** A value as it is compared; null: there is none that could be. */
export function toKey(kind: KeyKind, value: unknown): string | number | null {
  if (kind === 'number' || (kind === 'any' && typeof value !== 'string')) {
    if (typeof value === 'boolean') return value ? 1 : 0
    return typeof value === 'number' && Number.isFinite(value) ? value : null
  }
  if (typeof value !== 'string') return null
  if (kind !== 'datetime') return value.slice(0, MAX_KEY)
  return timeKey(Date.parse(value))
}

/** ms from the first moment of a `Date` to 1970, which have 16 digits, as those to the last moment do. */
const TO_1970 = 8.64e15
const DIGITS = 16

/**
 * A text that sorts as the time does, in ms. An offset may lead out of the four digits of a year: what is before the year 0 has a
 * hyphen in front, which sorts before digits, what is after 9999 a colon, which sorts behind them.
 */
function timeKey(time: number): string | null {
  if (Number.isNaN(time)) return null
  const iso = new Date(time).toISOString()
  if (iso.startsWith('-')) return `-${String(time + TO_1970).padStart(DIGITS, '0')}`
  return iso.startsWith('+') ? `:${String(time).padStart(DIGITS, '0')}` : iso
}

/** What is at a place in a record's JSON. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  if (typeof value === 'object' && value !== null && '$link' in value) return value.$link
  return value
}

/** The SQL column of a key. */
export const columnName = ({ path }: KeyColumn, position: number): string =>
  path === '@did' ? 'did' : path === '@rkey' ? 'rkey' : `k${position}`

/** Whether it has a column of its own, beside what every record has. */
export const isStored = ({ path }: KeyColumn): boolean => !path.startsWith('@')

export const tableName = (definition: number): string => `record_${definition}`
export const searchName = (definition: number): string => `search_${definition}`
export const indexName = (definition: number, position: number): string =>
  `record_${definition}_${position}`

/** The columns of one index, in order. */
export const columnsOf = (spec: IndexSpec, name: string): string[] =>
  (spec.indexes[name] ?? []).map((at) => columnName(spec.columns[at] as KeyColumn, at))

/** What one index is ordered by: no two of its rows are the same in all of it. */
export const orderOf = (spec: IndexSpec, name: string): string[] => [
  ...columnsOf(spec, name),
  'rkey',
  spec.byDid ? 'did' : 'account',
]

/** The condition of one index: a record without one of its values is not in it. */
export const conditionOf = (spec: IndexSpec, name: string): string =>
  ['hidden = 0', ...columnsOf(spec, name).map((column) => `${column} IS NOT NULL`)].join(' AND ')

const TYPES = { text: 'TEXT', datetime: 'TEXT', number: 'INTEGER', any: 'BLOB' } as const

/** The statements that make the tables of a definition. */
export function createTables(definition: number, spec: IndexSpec): string {
  const table = tableName(definition)
  const keys = spec.columns.flatMap((column, at) =>
    isStored(column) ? [`, k${at} ${TYPES[column.kind]}`] : [],
  )
  const indexes = Object.keys(spec.indexes).map((name, position) => {
    return `CREATE INDEX ${indexName(definition, position)} ON ${table} (${orderOf(spec, name).join(', ')})
      WHERE ${conditionOf(spec, name)};`
  })
  const words = spec.search.map((_, at) => `t${at}`).join(', ')
  const search =
    spec.search.length > 0
      ? `CREATE VIRTUAL TABLE ${searchName(definition)} USING fts5(${words}, content='', contentless_delete=1);`
      : ''
  return `
    CREATE TABLE ${table} (
      id INTEGER PRIMARY KEY,
      account INTEGER NOT NULL,
      did TEXT NOT NULL,
      rkey TEXT NOT NULL,
      cid BLOB NOT NULL,
      rev TEXT NOT NULL,
      hidden INTEGER NOT NULL,
      block BLOB NOT NULL
      ${keys.join('')},
      UNIQUE (account, rkey)
    );
    ${indexes.join('\n')}
    ${search}`
}
