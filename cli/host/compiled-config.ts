/**
 * workerd's configuration as it reads it, with all modules in it: from text, workerd would make that itself and keep 5 MB of
 * what it needs to. Takes some 20 ms of CPU.
 */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FILE_MODE } from './private-data.ts'

/** The configuration as text, in the data folder; and what earlier releases made of it there. */
export const CONFIG = 'workerd.capnp'
export const COMPILED_CONFIG = `${CONFIG}.bin`

/** The folder of the objects, as the configuration names it. */
const OBJECTS = 'objects'

/** What the command line of a workerd that serves this data folder has in it, and that of no other. */
export const servedFrom = (dataDirectory: string): string =>
  `${OBJECTS}=${join(dataDirectory, OBJECTS)}`

/**
 * How workerd is told to read the compiled configuration from its standard input: of a file it would keep what it has read
 * besides, which is 2 MB. The folder is named so that who looks at processes sees whose it is.
 */
export const readingInput = (dataDirectory: string): readonly string[] => [
  '--binary',
  '--directory-path',
  servedFrom(dataDirectory),
  '-',
]

/** Bytes that a configuration may have, modules included. */
const LARGEST = 256 * 1024 * 1024

/**
 * Writes the text into the data folder, for whoever wants to read it.
 *
 * @param workerd path of the program
 * @returns what is made of it
 * @throws Error of Node, with what workerd printed as `stderr`, when it does not understand the text
 */
export async function compileConfig(
  workerd: string,
  dataDirectory: string,
  text: string,
): Promise<Buffer> {
  const source = join(dataDirectory, CONFIG)
  // First, as a disk may be full.
  rmSync(join(dataDirectory, COMPILED_CONFIG), { force: true })
  writeFileSync(source, text, { mode: FILE_MODE })
  const { stdout } = await promisify(execFile)(workerd, ['compile', '--config-only', source], {
    cwd: dataDirectory,
    encoding: 'buffer',
    maxBuffer: LARGEST,
  })
  return stdout
}
