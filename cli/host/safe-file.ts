/** Files that are there whole or not at all, whenever the machine stops. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Readable and writable by its owner only. */
const PRIVATE = 0o600

/**
 * Writes a file beside its place, has the disk keep it, and moves it there. When this returns, the file survives a loss
 * of power.
 */
export function writeFileSafely(path: string, text: string, mode: number = PRIVATE): void {
  const temporary = `${path}.${process.pid}.tmp`
  const file = openSync(temporary, 'w', mode)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
