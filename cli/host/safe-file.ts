/** Files that are there whole or not at all, whenever the machine stops. */
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Readable and writable by its owner only. */
const PRIVATE = 0o600

/** File systems without hard links say one of these. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/**
 * Writes a file beside its place, has the disk keep it, and moves it there. When this returns, the file survives a loss
 * of power. A symbolic link stays one: what it leads to is written. The file keeps its owner.
 */
export function writeFileSafely(path: string, text: string, mode: number = PRIVATE): void {
  const target = behindLinks(path)
  writeBeside(target, text, mode, (temporary) => renameSync(temporary, target))
}

/**
 * As `writeFileSafely`, unless the file is there: of two processes that do this at once, one writes.
 *
 * @returns whether it was written
 */
export function createFileSafely(path: string, text: string, mode: number = PRIVATE): boolean {
  const target = behindLinks(path)
  let isNew = true
  writeBeside(target, text, mode, (temporary) => {
    try {
      linkSync(temporary, target)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST' && !NO_LINKS.includes(code)) throw error
      isNew = code !== 'EEXIST' && !existsSync(target)
      if (isNew) renameSync(temporary, target)
    }
  })
  return isNew
}

function writeBeside(
  target: string,
  text: string,
  mode: number,
  putInPlace: (temporary: string) => void,
): void {
  removeLeftovers(target)
  const temporary = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  // Never through what somebody else has put there.
  const file = openSync(temporary, 'wx', mode)
  try {
    try {
      // Unlike writeSync, it goes on until all is written.
      writeFileSync(file, text)
      keepOwner(target, temporary)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    putInPlace(temporary)
  } finally {
    rmSync(temporary, { force: true })
  }
  const folder = openSync(dirname(target), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** A service reads its settings also after root has changed them. */
function keepOwner(target: string, temporary: string): void {
  const before = statSync(target, { throwIfNoEntry: false })
  const now = statSync(temporary)
  if (before && process.getuid?.() === 0 && (before.uid !== now.uid || before.gid !== now.gid)) {
    chownSync(temporary, before.uid, before.gid)
  }
}

/** What a process left that was killed before its file was in place: it may hold secrets. */
function removeLeftovers(target: string): void {
  const name = basename(target)
  for (const entry of readdirSync(dirname(target))) {
    if (!entry.startsWith(`${name}.`)) continue
    const pid = /^\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(entry.slice(name.length))?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) {
      rmSync(join(dirname(target), entry), { force: true })
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Where a path leads, also when nothing is there yet. */
function behindLinks(path: string, hops = 0): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || hops > 8) throw error
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return resolve(path)
    return behindLinks(resolve(dirname(path), readlinkSync(path)), hops + 1)
  }
}
