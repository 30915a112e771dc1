/** The data folder is its owner's: everybody's records, keys and passwords' hashes are in it. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600

/** What processes of the server may not set on files that they create. */
export const PRIVATE_UMASK = 0o077

/** The file that whoever runs with the folder has locked; nothing is in it. */
export const LOCK = 'lock.sqlite'

/** The one that a command has locked which changes settings or secrets. */
export const SETTINGS_LOCK = 'settings.lock.sqlite'

/** The password of the first account, where it was made up and could not be shown. */
export const FIRST_PASSWORD = 'first-password'

/** What this server keeps in the data folder; whatever else is there is left as it is. */
const OWN = [
  'objects',
  'blobs',
  'secrets.json',
  'workerd.capnp',
  'plc.jsonl',
  LOCK,
  SETTINGS_LOCK,
  FIRST_PASSWORD,
]

/** What a file system or somebody looking around puts into a folder. */
const FOREIGN = /^(?:lost\+found$|\.)/

/** Whether a folder is one of a host, or may become one: a host makes it its owner's only. */
function mayBeData(path: string): boolean {
  const names = readdirSync(path).filter((name) => !FOREIGN.test(name))
  // Or the copy that a process was writing when it was killed.
  const isOwn = (name: string) => OWN.some((own) => name === own || name.startsWith(`${own}.`))
  return names.length === 0 || names.some(isOwn)
}

/** @returns what is wrong with a folder for data, without touching it */
export function dataFolderProblem(path: string): string | undefined {
  if (path === '') return 'the name of a folder'
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return undefined
  if (!stats.isDirectory()) return 'no folder'
  return mayBeData(path)
    ? undefined
    : 'a folder with other things in it: name one of the host’s own'
}

/**
 * Makes the data folder, readable by its owner only. One that others may enter, as earlier releases made it, is mended:
 * its files first, so that a start that is broken off does it again.
 *
 * @param note is called with a line for the operator
 */
export function makeDataFolder(path: string, note: (line: string) => void): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE })
  if (isPrivate(path)) return
  if (!mayBeData(path)) {
    note(
      `${path} is open to other users of this machine, and has other things in it: it is left so`,
    )
    return
  }
  try {
    for (const name of OWN) makePrivate(join(path, name))
    chmodSync(path, FOLDER_MODE)
    note(`${path} was open to other users of this machine: only its owner may read it now`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    note(`${path} is open to other users of this machine, and that cannot be changed: ${reason}`)
  }
}

const isPrivate = (path: string): boolean => (lstatSync(path).mode & 0o077) === 0

function makePrivate(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats || stats.isSymbolicLink()) return
  if (stats.isDirectory()) {
    for (const name of readdirSync(path)) makePrivate(join(path, name))
  }
  chmodSync(path, stats.isDirectory() ? FOLDER_MODE : FILE_MODE)
}
