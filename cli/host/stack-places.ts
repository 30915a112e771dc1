/** Where in the source a stack of the bundle is, in which functions have no names of their own. */
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { join, relative, resolve } from 'node:path'

/** Maps that were read, by their paths. */
export type Maps = Map<string, { map: SourceMap; modified: string }>

/** Maps of what runs, by their paths, whatever has been built since. */
export type HeldMaps = ReadonlyMap<string, () => SourceMap | undefined>

interface Where {
  /** The project's folder: places are given relative to it. */
  root: string
  /** Where the modules of the Worker are, with their maps beside them. */
  folder: string
  maps: Maps
  /** Unless there is one here, the map counts that is there now. */
  held?: HeldMaps
}

/**
 * Keeps the map of a module that a server has read, and goes on with when the bundle is built anew: its file is replaced then, and
 * is still there for whoever has it open. It is read when it is first needed.
 */
export function holdMap(file: string): { maps: HeldMaps; release(): void } {
  if (!existsSync(file)) return { maps: new Map(), release: () => undefined }
  let held: number | undefined = openSync(file, 'r')
  let map: SourceMap | undefined
  const release = () => {
    if (held !== undefined) closeSync(held)
    held = undefined
  }
  const read = () => {
    if (held !== undefined) {
      map = new SourceMap(JSON.parse(readFileSync(held, 'utf8')) as SourceMapPayload)
      release()
    }
    return map
  }
  return { maps: new Map([[file, read]]), release }
}

/** A line of the log, whose stack names places of the source, and leaves out what is of the runtime and of packages. */
export function withPlaces(event: string, where: Where): string {
  if (!event.includes('"stack":')) return event
  try {
    const entry: { stack?: unknown } = JSON.parse(event)
    if (typeof entry.stack !== 'string') return event
    return JSON.stringify({ ...entry, stack: placesIn(entry.stack, where) })
  } catch {
    return event
  }
}

/** `    at src/handlers/…/getEntries.ts:12:7` for each frame that a map knows */
export function placesIn(stack: string, where: Where): string {
  const [head = '', ...frames] = stack.split(/\n(?=\s+at )/)
  const mapped = frames.map((frame) =>
    frame.replace(
      /\(?(?:file:\/\/\S*\/)?([\w.@$-]+\.js):(\d+):(\d+)\)?/,
      (all, name: string, line, column) => {
        const place = placeOf(name, Number(line), Number(column), where)
        return place ? `(${relative(where.root, place.file)}:${place.line}:${place.column})` : all
      },
    ),
  )
  const own = mapped.filter((frame) => !OF_PACKAGES.test(frame))
  return [head, ...(own.length > 0 ? own : mapped)].join('\n')
}

/** Where they were found, and where they are in the bundle. */
const OF_PACKAGES = /node_modules\/|[( ]package\./

function placeOf(name: string, line: number, column: number, { folder, maps, held }: Where) {
  const file = join(folder, `${name}.map`)
  const map = held?.get(file)?.() ?? mapOf(file, maps)
  const entry = map?.findEntry(line - 1, column - 1)
  if (!entry || !('originalSource' in entry)) return undefined
  const { originalSource, originalLine, originalColumn } = entry
  const source = resolve(folder, originalSource)
  return { file: source, line: originalLine + 1, column: originalColumn + 1 }
}

/** The map that is there now: it may be built anew. */
function mapOf(file: string, maps: Maps): SourceMap | undefined {
  if (!existsSync(file)) return undefined
  // Built twice within a tick of the file system's clock, it is another file all the same.
  const { mtimeMs, ino } = statSync(file)
  const modified = `${mtimeMs} ${ino}`
  const known = maps.get(file)
  if (known?.modified === modified) return known.map
  const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload)
  maps.set(file, { map, modified })
  return map
}
