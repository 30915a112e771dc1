/** Reads the rows that a host gives for a backup (`src/storage/dump.ts`). */
import { createHash } from 'node:crypto'
import { decodeCid } from '@atproto/lex-data'
import { BackupError } from './errors.ts'
import { collect, MAX_AT_ONCE, upTo } from './files.ts'
import type { BlobEntry } from './format.ts'
import type { BackupSource } from './source.ts'

export type DumpValue = string | number | null | { b: string } | { seal: string; b: string }

export interface DumpTable {
  columns: string[]
  rows: DumpValue[][]
}

/** All rows of one object. */
export interface Dump {
  /** As it came. */
  text: string
  /** SHA-256 of it, in hex. */
  digest: string
  /** The first line. */
  facts: Record<string, unknown>
  tables: Map<string, DumpTable>
}

interface Line {
  table?: string
  key?: string
  value?: unknown
  columns?: string[]
  rows?: DumpValue[][]
  end?: boolean
}

/**
 * Asks a host for the rows of an account, or of an object that it has one of.
 *
 * @param limit in bytes
 * @throws RefusedError, BackupError
 */
export async function fetchDump(
  host: BackupSource,
  of: { did: string } | { object: string },
  limit: number = MAX_AT_ONCE,
): Promise<Dump> {
  const path = 'did' in of ? 'backup/account' : 'backup/object'
  const stream = await host.commandStream(path, of)
  return parseDump((await collect(upTo(stream, limit, 'Its rows'))).toString())
}

/** The rows of the app's tables of the host; undefined: it has none. @throws as `fetchDump` */
export async function fetchAppDump(
  host: BackupSource,
  limit: number = MAX_AT_ONCE,
): Promise<Dump | undefined> {
  const stream = await host.commandStream('backup/object', { object: 'app' })
  const text = (await collect(upTo(stream, limit, 'Its rows'))).toString()
  return text === '' ? undefined : parseDump(text)
}

/** @throws BackupError when it was cut off */
export function parseDump(text: string): Dump {
  const [first = '{}', ...lines] = text.trimEnd().split('\n')
  const tables = new Map<string, DumpTable>()
  let isWhole = false
  for (const line of lines) {
    const { table, columns = [], rows = [], end } = tableOf(JSON.parse(line) as Line)
    isWhole = end === true
    if (table === undefined) continue
    const known = tables.get(table)
    if (known) known.rows.push(...rows)
    else tables.set(table, { columns, rows })
  }
  if (!isWhole) throw new BackupError('The answer of the host was cut off: try again.')
  const digest = createHash('sha256').update(text).digest('hex')
  return { text, digest, facts: JSON.parse(first) as Record<string, unknown>, tables }
}

/** A value under a key as a row. */
const tableOf = (line: Line): Line =>
  line.key === undefined
    ? line
    : {
        table: 'values under a key',
        columns: ['key', 'value'],
        rows: [[line.key, JSON.stringify(line.value)]],
      }

/** The rows of an account, and behind them those of the app's tables: two dumps, the second of which may be empty. */
export function splitDump(text: string): { own: string; app: string } {
  const at = text.indexOf('\n', text.indexOf('\n{"end":true,') + 1) + 1
  return at === 0 ? { own: text, app: '' } : { own: text.slice(0, at), app: text.slice(at) }
}

/** Changes rows of a dump, and gives it as text. */
export function changeDump(
  text: string,
  change: (table: string, row: Record<string, DumpValue>) => Record<string, DumpValue> | undefined,
): string {
  let count = 0
  const lines = text.trimEnd().split('\n')
  const changed = lines.map((text) => {
    const line = JSON.parse(text) as Line
    if (line.end) {
      const end = JSON.stringify({ ...line, rows: count })
      count = 0
      return end
    }
    const { table, columns, rows } = line
    if (table === undefined || !columns || !rows) {
      if (Object.hasOwn(line, 'key')) count++
      return text
    }
    const after = rows.flatMap((row) => {
      const of = change(table, Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])))
      return of ? [columns.map((name) => of[name] ?? null)] : []
    })
    count += after.length
    return JSON.stringify({ ...line, rows: after })
  })
  return `${changed.join('\n')}\n`
}

/** The rows of a table, by column. */
export function* rowsOf({ tables }: Dump, table: string): Generator<Record<string, DumpValue>> {
  const { columns = [], rows = [] } = tables.get(table) ?? {}
  for (const row of rows) {
    yield Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null]))
  }
}

/** What a backup says of an account besides its secrets. */
export interface AccountFacts {
  did: string
  handle: string
  email: string | null
  status: string
  head: string
  rev: string
  /** did:key; undefined: the host cannot read its key. */
  signingKey: string | undefined
  blobs: BlobEntry[]
  missingBlobs: number
}

/** @throws BackupError when it is none of an account */
export function accountFacts(dump: Dump): AccountFacts {
  const { facts } = dump
  const [account] = rowsOf(dump, 'account')
  const [head] = rowsOf(dump, 'head')
  if (!account || !head) throw new BackupError('The host has no repository of this account.')
  const blobs = [...rowsOf(dump, 'blob')].map(({ cid, size, mime_type }) => ({
    cid: String(cid),
    size: Number(size),
    type: String(mime_type),
  }))
  return {
    did: String(account.did),
    handle: String(account.handle),
    email: typeof account.email === 'string' ? account.email : null,
    status: account.takedown === null ? String(account.status) : 'takendown',
    head: decodeCid(bytesIn(head.cid ?? null)).toString(),
    rev: String(head.rev),
    signingKey: typeof facts.signingKey === 'string' ? facts.signingKey : undefined,
    blobs,
    missingBlobs: Number(facts.missingBlobs),
  }
}

/** The bytes of a value. */
export function bytesIn(value: DumpValue): Uint8Array<ArrayBuffer> {
  if (value === null || typeof value !== 'object') throw new TypeError('no bytes')
  return new Uint8Array(Buffer.from(value.b, 'base64'))
}
