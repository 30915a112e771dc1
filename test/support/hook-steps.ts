/** How far writes had come on their way to a hook when their host was killed, by what its databases hold. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'

export const STEPS = [
  'in the outbox of its account',
  'in the log',
  'among those that wait for the hook',
  'told, without an end',
  'told, its end not stored',
] as const

export type Step = (typeof STEPS)[number]

/**
 * The steps at which there is a write, of a host that is not running.
 *
 * @param isTold whether the hook has told of a write
 */
export function stepsOf(
  dataDirectory: string,
  isTold: (write: { did: string; rkey: string; rev: string }) => boolean,
): Set<Step> {
  const steps = new Set<Step>()
  const [outbox, log, waits, begun, ended] = STEPS
  /** The newest event that each account has. */
  const newest = new Map<string, number>()
  for (const database of databasesOf(dataDirectory, 'AccountObject')) {
    if (has(database, 'outbox')) {
      const did = String(database.prepare('SELECT did FROM account').get()?.did)
      const ids = ['outbox', 'journal'].map((table) => `SELECT max(id) AS id FROM ${table}`)
      newest.set(did, count(database, `SELECT max(id) AS n FROM (${ids.join(' UNION ALL ')})`))
    }
    database.close()
  }
  let head = 0
  for (const database of databasesOf(dataDirectory, 'SequencerObject')) {
    head = count(database, 'SELECT max(seq) AS n FROM event')
    const last = database.prepare('SELECT last_event AS n FROM source WHERE did = ?')
    for (const [did, number] of newest)
      if (number > Number(last.get(did)?.n ?? 0)) steps.add(outbox)
    database.close()
  }
  for (const database of databasesOf(dataDirectory, 'IndexObject')) {
    if (head > count(database, 'SELECT max(seq) AS n FROM position')) steps.add(log)
    const tasks = database.prepare('SELECT did, rkey, rev, unheard FROM hook_task').all()
    for (const { did, rkey, rev, unheard } of tasks) {
      const write = { did: String(did), rkey: String(rkey), rev: String(rev) }
      steps.add(unheard === 0 ? waits : isTold(write) ? ended : begun)
    }
    database.close()
  }
  return steps
}

/** Resolves as soon as an account has stored something. */
export async function untilAnAccountHasWritten(dataDirectory: string): Promise<void> {
  const folder = join(dataDirectory, 'objects/AccountObject')
  const logs = readdirSync(folder).filter((name) => name.endsWith('.sqlite-wal'))
  const written = () => logs.map((name) => statSync(join(folder, name)).mtimeMs).join()
  // What is told of files comes too late: the next step follows within a millisecond.
  for (const before = written(); before === written(); ) await setImmediate()
}

/** Copies: what is read leaves no trace. */
function databasesOf(dataDirectory: string, object: string): DatabaseSync[] {
  const folder = join(dataDirectory, 'objects', object)
  const copies = mkdtempSync(join(tmpdir(), 'cumulus-steps-'))
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite',
  )
  const databases = names.map((name) => {
    for (const file of [name, `${name}-wal`]) {
      if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(copies, file))
    }
    const database = new DatabaseSync(join(copies, name))
    // It stays open: the file is gone with it.
    database.prepare('SELECT count(*) FROM sqlite_master').get()
    return database
  })
  rmSync(copies, { recursive: true })
  return databases
}

const has = (database: DatabaseSync, table: string): boolean =>
  database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table) !== undefined

const count = (database: DatabaseSync, query: string): number =>
  Number(database.prepare(query).get()?.n ?? 0)
