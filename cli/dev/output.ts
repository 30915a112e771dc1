/** What a host prints in development, as people read it: events in words, errors with the place in the source. */
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { inWords } from '../host/log-text.ts'
import { type Maps, withPlaces } from '../host/stack-places.ts'

/** Of workerd: alarms that are set anew while they ring; names that are not found, which the host tells of; its own stacks. */
const NOISE = /NOSENTRY|failed to lookup address|^stack: \//

export interface OutputOptions {
  /** The project's folder: places are given relative to it. */
  root: string
  /** Where the Worker's bundle is that runs, with its map beside it. */
  bundle(): string
  /** Before each line. */
  label?: string
  /** Told of each event of the log; false: it is not written. */
  onEvent?(event: string): boolean
}

/** Writes what comes from `source`, line by line. */
export function writeOutput(source: Readable, out: Writable, options: OutputOptions): void {
  const { label = '' } = options
  const write = outputWriter((line) => out.write(`${label}${line}\n`), options)
  createInterface({ input: source }).on('line', write)
}

/** Takes lines of the host, and writes what is worth reading. */
export function outputWriter(
  write: (line: string) => void,
  { root, bundle, onEvent }: OutputOptions,
): (line: string) => void {
  const maps: Maps = new Map()
  let isBlank = true
  return (line) => {
    const plain = stripVTControlCharacters(line).trim()
    if (NOISE.test(plain)) return
    // One blank line at most, and none after what was left out.
    if (plain === '') {
      if (!isBlank) write('')
      isBlank = true
      return
    }
    const event = /\{"level":.*\}$/.exec(plain)?.[0]
    isBlank = event !== undefined
    if (event === undefined) return write(line)
    if (onEvent?.(event) ?? true) {
      write(inWords(withPlaces(event, { root, folder: dirname(bundle()), maps })))
    }
  }
}
