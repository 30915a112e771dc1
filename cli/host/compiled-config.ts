/**
 * workerd's configuration as it reads it, with all modules in it: from text, workerd would make that itself and keep 5 MB of
 * what it needs to. Takes some 20 ms of CPU.
 */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FILE_MODE } from './private-data.ts'

/** How workerd is told to read one of them. */
export const readingOf = (config: string): readonly string[] =>
  config.endsWith(COMPILED_CONFIG) ? ['--binary'] : []

/** The configuration as text, and what is made of it, in the data folder. workerd's command line ends with the latter. */
export const CONFIG = 'workerd.capnp'
export const COMPILED_CONFIG = `${CONFIG}.bin`

/** Bytes that a configuration may have, modules included. */
const LARGEST = 256 * 1024 * 1024

/**
 * Writes both. The second is a new file, not the one before written over: a workerd that was left behind may still read that.
 *
 * @param workerd path of the program
 * @returns path of the second; of the first where the disk has no room for it
 * @throws Error of Node, with what workerd printed as `stderr`, when it does not understand the text
 */
export async function writeConfig(
  workerd: string,
  dataDirectory: string,
  text: string,
): Promise<string> {
  const source = join(dataDirectory, CONFIG)
  const compiled = join(dataDirectory, COMPILED_CONFIG)
  writeFileSync(source, text, { mode: FILE_MODE })
  const { stdout } = await promisify(execFile)(workerd, ['compile', '--config-only', source], {
    cwd: dataDirectory,
    encoding: 'buffer',
    maxBuffer: LARGEST,
  })
  // A disk may be full: there is room for one of them.
  rmSync(compiled, { force: true })
  try {
    writeFileSync(compiled, stdout, { mode: FILE_MODE })
    return compiled
  } catch (error) {
    rmSync(compiled, { force: true })
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    return source
  }
}
