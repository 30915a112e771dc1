/**
 * SQLite leaves the bytes of deleted rows in its files until something else takes their place. The objects cannot change
 * that, so `npm start` writes the databases that all accounts share anew before workerd opens them: names of accounts that
 * are gone are in them no more.
 */
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { importSqlite } from '../../codegen/sqlite.ts'

/** `metadata.sqlite` is workerd's own, with names of objects that have an alarm. */
const SHARED = [
  '{DirectoryObject,IndexObject,OAuthObject,SequencerObject}/*.sqlite',
  '*/metadata.sqlite',
]

/** Larger ones would make the start wait, in bytes. Rows of events are overwritten when they are deleted. */
const MAX_SIZE = 256 * 1024 * 1024

/** @param dataDirectory that no server runs with */
export async function rewriteDatabases(dataDirectory: string): Promise<void> {
  const { DatabaseSync } = await importSqlite()
  const objects = join(dataDirectory, 'objects')
  for (const name of globSync(SHARED, { cwd: objects })) {
    const path = join(objects, name)
    if (statSync(path).size > MAX_SIZE) continue
    const database = new DatabaseSync(path)
    try {
      database.exec('VACUUM')
    } catch (error) {
      // What is wrong with a database, workerd says better; a full disk is no reason not to serve.
      process.stderr.write(`${path} was not written anew: ${String(error)}\n`)
    } finally {
      database.close()
    }
  }
}
