/** The log as people read it on a terminal: a line for each event in the place of JSON. */
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { BUNDLE, ROOT } from './bundle.ts'
import { type HeldMaps, withPlaces } from './stack-places.ts'

/** What has a place of its own in the line, or is of no use to people. */
const PLACED = new Set([
  'level',
  'time',
  'message',
  'request',
  'method',
  'path',
  'status',
  'ms',
  'error',
  'cause',
  'stack',
])

type Entry = Readonly<Record<string, unknown>>

/** Writes what comes from `source`, line by line, in words. @param held of a server that runs: the maps of what it has read */
export function writeInWords(source: Readable, out: Writable, held?: HeldMaps): void {
  const write = placesInWords(held)
  createInterface({ input: source }).on('line', (line) => out.write(`${write(line)}\n`))
}

/** Puts lines of a host into words, with the places of the source in stacks: those of the bundle that is there. */
export function placesInWords(held?: HeldMaps): (line: string) => string {
  const where = { root: ROOT, folder: dirname(BUNDLE), maps: new Map(), ...(held && { held }) }
  return (line) => inWords(withPlaces(line, where))
}

/** One line of the log in words; what is no JSON stays as it is. */
export function inWords(line: string): string {
  const entry = parse(line)
  if (!entry) return escapeControls(line, '\t')
  const { level, time, message, path } = entry
  const clock = styleText('dim', localTime(String(time)))
  const what = message === 'request' && path !== undefined ? requestInWords(entry) : String(message)
  const more = Object.entries(entry)
    .filter(([name, value]) => value !== undefined && !(PLACED.has(name) && !isKind(name, level)))
    .map(([name, value]) => `${name}=${shown(value)}`)
  const text = escapeControls([what, ...more].join('  '))
  if (level !== 'error') return `${clock} ${text}`
  return `${clock} ${styleText('red', text)}${errorInWords(entry)}`
}

/** Of an event that is no fault of the host, the kind of the error that somebody was answered. */
const isKind = (name: string, level: unknown): boolean => name === 'error' && level !== 'error'

function requestInWords({ method, path, status, ms }: Entry): string {
  const code = Number(status)
  const color = code >= 500 ? 'red' : code >= 400 ? 'yellow' : 'green'
  const shownStatus = styleText(color, String(code))
  return `${shownStatus} ${String(method).padEnd(4)} ${String(path)} ${Number(ms)} ms`
}

function errorInWords({ error, cause, stack, message, path }: Entry): string {
  const lines = [
    ...(path !== undefined && message !== 'request' ? [`at ${String(path)}`] : []),
    ...(stack === undefined ? [String(error)] : String(stack).split('\n')),
    ...(cause === undefined ? [] : [`caused by ${String(cause)}`]),
  ]
  return lines.map((line) => `\n           ${escapeControls(line.trim())}`).join('')
}

function parse(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const entry: unknown = JSON.parse(line)
    return entry && typeof entry === 'object' && 'message' in entry && 'time' in entry
      ? (entry as Entry)
      : undefined
  } catch {
    return undefined
  }
}

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)

/** `17:44:43`, where this machine is. */
const localTime = (time: string): string => {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8)
}
