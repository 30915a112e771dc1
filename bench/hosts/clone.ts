/**
 * A host with many accounts. Made through createAccount, 10,000 of them would take a quarter of an
 * hour, nearly all of it scrypt. Here the first account is made by the server, and the others are
 * copies of it with names of their own: each has an object's file with its 100 posts, a row in the
 * directory and one in the sequencer, as if the server had made it. What differs: all have the same
 * signing key, and until a clone writes, its commit is signed for the name of the template.
 */
import { createHash, createHmac } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Cleanup } from '../cleanup.ts'
import { addAccount, startHost, stopHost } from '../load/host.ts'
import type { Posts } from '../load/repo.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { type Account, SHARED_SETTINGS } from '../servers/server.ts'

/** A host that can be started again and again, so that none of its objects is in memory. */
export interface StoppedHost {
  server: Cumulus
  posts: Posts[]
}

/** As many posts as an account has after a while; the tree has three layers then. */
export const POSTS = 100

/** As long as the handle of any clone, whose name is written over it. */
const TEMPLATE = 'account-template.test'

/** Makes a host with one account, of which larger hosts are made. */
export async function makeTemplate(cleanup: Cleanup): Promise<StoppedHost> {
  const server = new Cumulus({ dataDirectory: cleanup.folder() })
  const host = await startHost(server, cleanup)
  const repo = await addAccount(host, POSTS, TEMPLATE.replace('.test', ''))
  await stopHost(host)
  // Everything into the one file, without the events, which the sequencer has.
  const file = objectFile(server.options.dataDirectory, 'AccountObject', repo.account.did)
  const database = new DatabaseSync(file)
  database.exec('DELETE FROM outbox; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return { server, posts: [repo] }
}

/** Makes a host with copies of the template's account, in order of their DIDs. */
export function cloneHost(template: StoppedHost, count: number, cleanup: Cleanup): StoppedHost {
  const [first] = template.posts
  if (!first) throw new Error('the template has no account')
  const { account: original, keys } = first
  const dataDirectory = cleanup.folder()
  const from = template.server.options.dataDirectory
  cpSync(from, dataDirectory, { recursive: true })
  const accounts = Array.from({ length: count }, (_, at): Account => {
    const handle = TEMPLATE.replace('template', String(at).padStart(8, '0'))
    const did = `did:web:${handle}`
    return { did, handle, token: tokenFor(did, original.token) }
  })
  // The object's file again and again, each time with another name in the place of its own, as
  // long.
  const object = readFileSync(objectFile(from, 'AccountObject', original.did), 'latin1')
  for (const { did, handle } of accounts) {
    const file = objectFile(dataDirectory, 'AccountObject', did)
    writeFileSync(file, object.replaceAll(original.handle, handle), 'latin1')
  }
  const directory = objectFile(dataDirectory, 'DirectoryObject', 'directory')
  copyRow(directory, 'account', original.did, accounts)
  const sequencer = objectFile(dataDirectory, 'SequencerObject', 'sequencer')
  copyRow(sequencer, 'source', original.did, accounts)
  const posts = accounts.map((account) => ({ account, keys }))
  return { server: new Cumulus({ dataDirectory }), posts }
}

/**
 * The file of an object of a stopped server. Its name is the id that workerd gives to the object:
 * 16 bytes made from the object's name, and 16 from those, keyed with the class (workerd,
 * ActorIdFactoryImpl).
 */
function objectFile(dataDirectory: string, className: string, name: string): string {
  const key = createHash('sha256').update(className).digest()
  const half = (data: string | Buffer) =>
    createHmac('sha256', key).update(data).digest().subarray(0, 16)
  const base = half(name)
  const id = Buffer.concat([base, half(base)]).toString('hex')
  return join(dataDirectory, 'objects', className, `${id}.sqlite`)
}

/** The access token of one account, made out to another whose session has the same id. */
function tokenFor(did: string, token: string): string {
  const [header = '', payload = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: did })).toString('base64url')
  const signed = `${header}.${changed}`
  const key = SHARED_SETTINGS.PDS_JWT_SECRET
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

/** Inserts the template's row of a table once for each account, with other names. */
function copyRow(file: string, table: string, did: string, accounts: Account[]): void {
  const database = new DatabaseSync(file)
  const template = database.prepare(`SELECT * FROM ${table} WHERE did = ?`).get(did)
  if (!template) throw new Error(`the template has no row in ${table}`)
  // Its place among the accounts, where it has one, is given to each.
  const columns = Object.keys(template).filter((column) => column !== 'place')
  const insert = database.prepare(
    `INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => '?')})`,
  )
  database.exec('BEGIN')
  for (const { did, handle } of accounts) {
    const names = { did, handle, email: `${handle.split('.')[0]}@example.com` }
    const row: typeof template = { ...template, ...names }
    insert.run(...columns.map((column) => row[column] ?? null))
  }
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}
