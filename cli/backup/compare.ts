/** Compares a host with the backup that was restored into it: all rows, records, commits, blobs and handles. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { forEachOf } from '../../src/services/backup/at-once.ts'
import {
  accountFacts,
  type Dump,
  type DumpValue,
  fetchAppDump,
  fetchDump,
  rowsOf,
} from '../../src/services/backup/dump.ts'
import { cidOf } from '../../src/services/backup/files.ts'
import type { AccountIndex, ManifestAccount } from '../../src/services/backup/format.ts'
import { readRepository } from '../../src/services/backup/repository.ts'
import type { HostClient } from './host-client.ts'
import type { OpenBackup } from './open-backup.ts'

const AT_ONCE = 3

export interface Comparison {
  accounts: number
  records: number
  blobs: number
  rows: number
  /** What is not as it should be, in words. */
  problems: string[]
}

/** Columns that a host makes anew, by table. */
const MADE_ANEW: Readonly<Record<string, readonly string[]>> = {
  // Where the bytes are on this host.
  blob: ['key'],
  blob_takedown: ['key', 'delete_at'],
}

/** Of the directory, what the account's object tells it. */
const TOLD = [
  'status',
  'deactivated_at',
  'email_confirmed_at',
  'factor',
  'attention',
  'stored_bytes',
]

/** The host makes a new commit row: the commit itself is compared. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['head'])

export async function compareHost(
  backup: OpenBackup,
  host: HostClient,
  onAccount: (handle: string) => void,
): Promise<Comparison> {
  const total: Comparison = { accounts: 0, records: 0, blobs: 0, rows: 0, problems: [] }
  const { accounts } = backup.manifest
  await forEachOf(accounts, AT_ONCE, async (entry: ManifestAccount) => {
    const compared = await compareAccount(backup, host, await backup.index(entry))
    total.accounts++
    total.records += compared.records
    total.blobs += compared.blobs
    total.rows += compared.rows
    total.problems.push(...compared.problems.map((problem) => `${entry.handle}: ${problem}`))
    onAccount(entry.handle)
  })
  if (backup.manifest.objects.app) {
    const stored = await backup.object('app')
    const there = await fetchAppDump(host)
    const compared = there ? compareRows(stored, there) : undefined
    total.rows += compared?.rows ?? 0
    total.problems.push(...(compared?.problems ?? ['the app’s tables are missing']))
  }
  for (const object of ['directory', 'oauth'] as const) {
    const there = await fetchDump(host, { object })
    // What the restore itself was written down as is there besides.
    const compared = compareRows(await backup.object(object), there, { mayHaveMore: true })
    total.rows += compared.rows
    total.problems.push(...compared.problems.map((problem) => `${object}: ${problem}`))
  }
  return total
}

async function compareAccount(
  backup: OpenBackup,
  host: HostClient,
  index: AccountIndex,
): Promise<Omit<Comparison, 'accounts'>> {
  const { did, handle } = index
  const dump = await fetchDump(host, { did })
  const facts = accountFacts(dump)
  const { rows, problems } = compareRows(await backup.rows(index), dump)
  if (facts.handle !== handle) problems.push(`the handle is ${facts.handle}`)
  const stored = await readRepository(backup.parts(index), did, facts.signingKey)
  const car = await buffer(await host.query('com.atproto.sync.getRepo', { did }))
  const there = await readRepository([() => oneChunk(car)], did, facts.signingKey)
  if (there.head !== index.repository.head) {
    problems.push(`the commit is ${there.head}, and should be ${index.repository.head}`)
  }
  problems.push(...compareRecords(stored.records, there.records))
  for (const { cid } of index.blobs) {
    const bytes = await buffer(await host.query('com.atproto.sync.getBlob', { did, cid }))
    const digest = createHash('sha256').update(bytes).digest('hex')
    if (cidOf(digest) !== cid) problems.push(`the blob ${cid} has other bytes`)
  }
  return { records: stored.records.size, blobs: index.blobs.length, rows, problems }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function compareRecords(
  stored: ReadonlyMap<string, string>,
  there: ReadonlyMap<string, string>,
): string[] {
  const problems: string[] = []
  for (const [path, cid] of stored) {
    const found = there.get(path)
    if (found !== cid) problems.push(`the record ${path} is ${found ?? 'missing'}, not ${cid}`)
  }
  for (const path of there.keys()) if (!stored.has(path)) problems.push(`${path} is too many`)
  return problems
}

/** Compares rows, whatever their order: columns that both have. */
export function compareRows(
  stored: Dump,
  there: Dump,
  { mayHaveMore = false } = {},
): { rows: number; problems: string[] } {
  const problems: string[] = []
  let rows = 0
  for (const [table, { columns }] of stored.tables) {
    if (NOT_COMPARED.has(table)) continue
    const known = new Set(there.tables.get(table)?.columns ?? columns)
    const anew = [...(MADE_ANEW[table] ?? []), ...(mayHaveMore && table === 'account' ? TOLD : [])]
    const compared = columns.filter((column) => known.has(column) && !anew.includes(column))
    const left = counted(there, table, compared)
    let missing = 0
    for (const row of rowsOf(stored, table)) {
      rows++
      const key = keyOf(row, compared)
      const count = left.get(key) ?? 0
      if (count === 0) missing++
      else left.set(key, count - 1)
    }
    const more = [...left.values()].reduce((sum, count) => sum + count, 0)
    if (missing > 0) problems.push(`${missing} rows of ${table} are missing or different`)
    else if (more > 0 && !mayHaveMore) problems.push(`${more} rows of ${table} are too many`)
  }
  return { rows, problems }
}

function counted(dump: Dump, table: string, columns: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of rowsOf(dump, table)) {
    const key = keyOf(row, columns)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const keyOf = (row: Record<string, DumpValue>, columns: readonly string[]): string =>
  JSON.stringify(columns.map((column) => row[column] ?? null))
