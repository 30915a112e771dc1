/** What a host prints in development, as people read it: events in words, errors with the place in the source. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { basename, dirname, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { inWords } from '../host/log-text.ts'

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
  const maps = new Map<string, { map: SourceMap; modified: number } | undefined>()
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
    if (onEvent?.(event) ?? true) write(inWords(withPlaces(event, root, bundle(), maps)))
  }
}

type Maps = Map<string, { map: SourceMap; modified: number } | undefined>

/** An event whose stack names places of the source, and leaves out what is of the runtime and of packages. */
function withPlaces(event: string, root: string, bundle: string, maps: Maps): string {
  if (!event.includes('"stack":')) return event
  try {
    const entry: { stack?: unknown } = JSON.parse(event)
    if (typeof entry.stack !== 'string') return event
    return JSON.stringify({ ...entry, stack: placesIn(entry.stack, root, bundle, maps) })
  } catch {
    return event
  }
}

/**
 * `    at handler (src/handlers/…/getEntries.ts:12:7)`
 *
 * @param bundle path of the Worker's module, whose name the frames have
 */
export function placesIn(
  stack: string,
  root: string,
  bundle: string,
  maps: Maps = new Map(),
): string {
  const [head = '', ...frames] = stack.split(/\n(?=\s+at )/)
  const mapped = frames.map((frame) =>
    frame.replace(
      /\(?(?:file:\/\/\S*\/)?([\w.@-]+\.js):(\d+):(\d+)\)?/,
      (all, name: string, line, column) => {
        if (name !== basename(bundle)) return all
        const place = placeOf(bundle, Number(line), Number(column), maps)
        return place ? `(${relative(root, place.file)}:${place.line}:${place.column})` : all
      },
    ),
  )
  const own = mapped.filter((frame) => !OF_PACKAGES.test(frame))
  return [head, ...(own.length > 0 ? own : mapped)].join('\n')
}

/** Where they were found, and where they are in the bundle. */
const OF_PACKAGES = /node_modules\/|[( ]package\./

function placeOf(bundle: string, line: number, column: number, maps: Maps) {
  const map = mapOf(`${bundle}.map`, maps)
  const entry = map?.findEntry(line - 1, column - 1)
  if (!entry || !('originalSource' in entry)) return undefined
  const { originalSource, originalLine, originalColumn } = entry
  const file = resolve(dirname(bundle), originalSource)
  return { file, line: originalLine + 1, column: originalColumn + 1 }
}

/** The map that is there now: each reload writes another. */
function mapOf(file: string, maps: Maps): SourceMap | undefined {
  if (!existsSync(file)) return undefined
  const modified = statSync(file).mtimeMs
  const known = maps.get(file)
  if (known?.modified === modified) return known.map
  const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload)
  maps.set(file, { map, modified })
  return map
}
