/** One server at a time has a data folder: two would find each other's databases locked, now and then. */
import { closeSync, constants, fchownSync, fstatSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { importSqlite } from '../../codegen/sqlite.ts'
import { CommandError } from '../terminal/errors.ts'
import { FILE_MODE, LOCK, SETTINGS_LOCK } from './private-data.ts'

/** Of SQLite: somebody else has the lock. */
const SQLITE_BUSY = 5
/** The file is none of SQLite's. */
const SQLITE_NOTADB = 26

/**
 * Takes the folder for this process, until it ends, however it ends.
 *
 * @param folder is there already
 * @param helps what to do when another process has it
 * @returns gives it back before
 * @throws CommandError
 */
export const lockFolder = (folder: string, helps: string): Promise<() => void> =>
  takeLock(folder, LOCK, `Another server runs with the data in ${folder}: ${helps}`)

/**
 * Does something with a folder's settings and secrets: one command at a time, as each reads them first. The system gives the
 * lock back when its process ends, also when that is killed.
 *
 * @param folder with the data of a host on this machine, or with the files of one on Cloudflare
 * @throws CommandError where another one is at work, and what `work` throws
 */
export async function withSettingsLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(
    folder,
    SETTINGS_LOCK,
    `Another command is changing the settings or secrets in ${folder} (init, deploy, or secret rotate): end it, or let it end, ` +
      'and try again.',
  )
  try {
    return await work()
  } finally {
    release()
  }
}

/**
 * Whoever owns the folder may have put a link there: root gives nobody the file that it leads to.
 *
 * @throws CommandError
 */
function makeFile(folder: string, path: string): void {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants
  let file: number
  try {
    // SQLite would let others read it.
    file = openSync(path, O_CREAT | O_NOFOLLOW | O_RDWR, FILE_MODE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error
    throw new CommandError(`${path} is a symbolic link: remove it, and try again.`)
  }
  try {
    // The service whose folder it is takes it as well.
    if (process.getuid?.() !== 0) return
    const { uid, gid } = statSync(folder)
    if (fstatSync(file).nlink === 1) fchownSync(file, uid, gid)
  } finally {
    closeSync(file)
  }
}

/**
 * Takes one of several locks of a folder.
 *
 * @param name of its file
 * @param taken what is said when another process has it
 * @returns gives it back
 * @throws CommandError
 */
export async function takeLock(folder: string, name: string, taken: string): Promise<() => void> {
  // SQLite, because it locks files, which Node does not.
  const { DatabaseSync } = await importSqlite()
  const path = join(folder, name)
  makeFile(folder, path)
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    const { errcode } = error as { errcode?: number }
    if (errcode === SQLITE_BUSY) throw new CommandError(taken)
    if (errcode !== SQLITE_NOTADB) throw error
    throw new CommandError(`${path} is no lock, but something else: remove it, and try again.`)
  }
  // What nobody refers to would be closed, and the lock with it.
  const free = () => lock.close()
  process.once('exit', free)
  return () => {
    process.off('exit', free)
    free()
  }
}
