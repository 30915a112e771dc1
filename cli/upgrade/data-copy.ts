/** A copy of a data folder beside it, to go back to. The server must not run. */
import {
  chownSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { COMPILED_CONFIG, CONFIG } from '../host/compiled-config.ts'
import { LOCK } from '../host/private-data.ts'

/** Names that are not the host's data. */
const LEFT_OUT = [LOCK, CONFIG, COMPILED_CONFIG]

const BLOBS = 'blobs'

/** Written whole or not at all: a folder by this name is unfinished. */
const UNFINISHED = '.unfinished'

/**
 * Copies the folder. Blobs, which never change once they are written, are linked where the file system can: they take no
 * room twice.
 *
 * @returns bytes that were copied or linked
 */
export function saveData(from: string, to: string): number {
  const unfinished = `${to}${UNFINISHED}`
  rmSync(unfinished, { recursive: true, force: true })
  const bytes = copyHost(from, unfinished)
  renameSync(unfinished, to)
  return bytes
}

/** Puts a copy back in the place of what is there now. May be ended and begun again. */
export function restoreData(from: string, to: string): void {
  for (const name of readdirSync(to)) {
    if (name !== LOCK) rmSync(join(to, name), { recursive: true, force: true })
  }
  copyHost(from, to)
}

function copyHost(from: string, to: string): number {
  makeFolder(from, to)
  const names = readdirSync(from).filter((name) => !LEFT_OUT.includes(name))
  return names.reduce(
    (bytes, name) => bytes + copyTree(join(from, name), join(to, name), name === BLOBS),
    0,
  )
}

/** @param links whether files are linked */
function copyTree(from: string, to: string, links: boolean): number {
  const stats = lstatSync(from)
  if (stats.isFile()) {
    if (!(links && link(from, to))) {
      copyFileSync(from, to, constants.COPYFILE_FICLONE)
      chownSync(to, stats.uid, stats.gid)
    }
    return stats.size
  }
  if (!stats.isDirectory()) return 0
  makeFolder(from, to)
  return readdirSync(from).reduce(
    (bytes, name) => bytes + copyTree(join(from, name), join(to, name), links),
    0,
  )
}

/** As another one is. */
function makeFolder(like: string, path: string): void {
  const { uid, gid, mode } = lstatSync(like)
  mkdirSync(path, { recursive: true, mode })
  chownSync(path, uid, gid)
}

/** False: the file system cannot, or they are on two. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch {
    return false
  }
}
