/**
 * A host with many accounts. Made through createAccount, 10,000 of them would take a quarter of an hour, nearly
 * all of it scrypt. Here the first account is made by the server, and the others are copies of it with
 * names of their own: each has an object's file with its 100 posts, a row in the directory and one in the
 * sequencer, as if the server had made it. What differs: all have the same signing key, and until a clone
 * writes, its commit is signed for the name of the template.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { counter } from '../progress.ts'
import type { Account } from '../servers/server.ts'
import { cloneName, objectFile, type Template } from './template.ts'
import { tokenFor } from './token.ts'

/** Fills an empty folder. @returns the accounts, in order of their DIDs */
export function cloneHost(template: Template, dataDirectory: string, count: number): Account[] {
  cpSync(template.dataDirectory, dataDirectory, { recursive: true })
  const accounts = Array.from({ length: count }, (_, at): Account => {
    const handle = cloneName(at)
    const did = `did:web:${handle}`
    return { did, handle, token: tokenFor(did, template.account.token) }
  })
  writeObjects(template, dataDirectory, accounts)
  const { did } = template.account
  copyRows(objectFile(dataDirectory, 'DirectoryObject', 'directory'), accounts, (database) => [
    row(database, 'SELECT * FROM account WHERE did = ?', did),
    'INSERT INTO account',
    (account) => ({
      did: account.did,
      handle: account.handle,
      email: `${account.handle.split('.')[0]}@example.com`,
    }),
  ])
  copyRows(objectFile(dataDirectory, 'SequencerObject', 'sequencer'), accounts, (database) => [
    row(database, 'SELECT * FROM source WHERE did = ?', did),
    'INSERT INTO source',
    (account) => ({ did: account.did }),
  ])
  return accounts
}

/** The template's file again and again, each time with another name in the place of its own, as long. */
function writeObjects({ dataDirectory: from, account }: Template, to: string, accounts: Account[]) {
  const bytes = readFileSync(objectFile(from, 'AccountObject', account.did))
  const places: number[] = []
  for (
    let at = bytes.indexOf(account.handle);
    at >= 0;
    at = bytes.indexOf(account.handle, at + 1)
  ) {
    places.push(at)
  }
  const progress = counter(`making ${accounts.length} accounts`, accounts.length)
  for (const [done, { did, handle }] of accounts.entries()) {
    for (const at of places) bytes.write(handle, at)
    writeFileSync(objectFile(to, 'AccountObject', did), bytes)
    progress(done)
  }
}

type Row = Record<string, string | number | bigint | null | Uint8Array>
type Copy = [template: Row, insert: string, change: (account: Account) => Row]

function row(database: DatabaseSync, query: string, did: string): Row {
  const found = database.prepare(query).get(did)
  if (!found) throw new Error(`the template has no row: ${query}`)
  return found as Row
}

/** Inserts the template's row once for each account, with other names. */
function copyRows(file: string, accounts: Account[], plan: (database: DatabaseSync) => Copy): void {
  const database = new DatabaseSync(file)
  const [template, insert, change] = plan(database)
  const columns = Object.keys(template)
  const statement = database.prepare(
    `${insert} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  database.exec('BEGIN')
  for (const account of accounts) {
    const changed = { ...template, ...change(account) }
    statement.run(...columns.map((column) => changed[column] ?? null))
  }
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}
