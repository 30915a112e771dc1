/** A host with one account, made by the server itself, of which larger hosts are made. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Cleanup } from '../cleanup.ts'
import { createBatch, openRepo } from '../load/repo.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { type Account, start } from '../servers/server.ts'
import { objectId } from './object-id.ts'

export interface Template {
  dataDirectory: string
  account: Account
  /** Record keys of its posts. */
  keys: string[]
}

/** As many posts as an account has after a while; the tree has three layers then. */
export const POSTS = 100

/** As long as the handle of any clone, whose name is written over it. */
const NAME = 'account-template.test'

/** The name of a clone. */
export const cloneName = (at: number): string =>
  NAME.replace('template', String(at).padStart(8, '0'))

/** The file of an object of a stopped server. */
export const objectFile = (dataDirectory: string, className: string, name: string): string =>
  join(dataDirectory, 'objects', className, `${objectId(className, name)}.sqlite`)

export async function makeTemplate(cleanup: Cleanup): Promise<Template> {
  const dataDirectory = cleanup.folder()
  const host = new Cumulus({ dataDirectory })
  const running = await start(host, cleanup)
  const account = await host.createAccount(running, NAME)
  const repo = openRepo(running, account)
  const keys = await createBatch(repo, POSTS)
  await repo.client.close()
  await running.stop()
  settle(objectFile(dataDirectory, 'AccountObject', account.did))
  return { dataDirectory, account, keys }
}

/** Brings everything into the one file, and takes out the events, which the sequencer has. */
function settle(file: string): void {
  const database = new DatabaseSync(file)
  database.exec('DELETE FROM outbox; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}
