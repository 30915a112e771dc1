/** Changes of the constraints on a value: limits, formats, enumerations, MIME types. */
import type { JsonPath } from '../diagnostics.ts'
import { type Direction, narrowed, type SchemaChange, widened } from './change.ts'

type Json = Record<string, unknown>

const UPPER = ['maxLength', 'maxGraphemes', 'maxSize', 'maximum']
const LOWER = ['minLength', 'minGraphemes', 'minimum']

/** Formats whose values all fit another format. */
const WIDER_FORMATS: Readonly<Record<string, readonly string[]>> = {
  did: ['at-identifier', 'uri'],
  handle: ['at-identifier'],
  'at-uri': ['uri'],
  tid: ['record-key'],
  nsid: ['record-key'],
}

/** Compares the constraints of two schemas of the same type. */
export function compareLimits(old: Json, now: Json, at: JsonPath, way: Direction): SchemaChange[] {
  const tell = (field: string, narrower: boolean): SchemaChange => {
    const message = `${field} ${describe(old[field], now[field])}`
    const place = now[field] === undefined ? at : [...at, field]
    return narrower ? narrowed(place, message) : widened(place, message, way)
  }
  const changed = (field: string): boolean =>
    JSON.stringify(old[field]) !== JSON.stringify(now[field])
  const changes: SchemaChange[] = []

  for (const field of [...UPPER, ...LOWER].filter(changed)) {
    const open = LOWER.includes(field) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    const [before, after] = [Number(old[field] ?? open), Number(now[field] ?? open)]
    changes.push(tell(field, LOWER.includes(field) ? after > before : after < before))
  }
  if (changed('format')) changes.push(tell('format', !isWiderFormat(old.format, now.format)))
  if (changed('const')) changes.push(tell('const', now.const !== undefined))
  changes.push(...compareSets('enum', old, now, at, way))
  changes.push(...compareAccept(old, now, at, way))
  if (changed('default')) {
    const message = `default ${describe(old.default, now.default)}: who leaves it out gets something else`
    changes.push({ impact: 'caution', at, message })
  }
  return changes
}

/** Whether MIME patterns `wide` admit everything that `narrow` admits. */
export const covers = (wide: readonly string[], narrow: readonly string[]): boolean =>
  narrow.every((type) =>
    wide.some(
      (pattern) =>
        pattern === '*/*' ||
        pattern === type ||
        (pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1))),
    ),
  )

/** `changed from 300 to 100`, `added: 100`, `removed, it was 300`. */
export function describe(before: unknown, after: unknown): string {
  if (before === undefined) return `added: ${JSON.stringify(after)}`
  if (after === undefined) return `removed, it was ${JSON.stringify(before)}`
  return `changed from ${JSON.stringify(before)} to ${JSON.stringify(after)}`
}

const isWiderFormat = (old: unknown, now: unknown): boolean =>
  now === undefined || (WIDER_FORMATS[String(old)] ?? []).includes(String(now))

function compareSets(
  field: string,
  old: Json,
  now: Json,
  at: JsonPath,
  way: Direction,
): SchemaChange[] {
  const [before, after] = [listOf(old[field]), listOf(now[field])]
  if (!before && !after) return []
  if (!before) return [narrowed([...at, field], `${field} added: ${after?.join(', ')}`)]
  if (!after) return [widened(at, `${field} removed: any value is allowed`, way)]
  const gone = before.filter((value) => !after.includes(value))
  const come = after.filter((value) => !before.includes(value))
  return [
    ...(gone.length ? [narrowed([...at, field], `${field} lost ${gone.join(', ')}`)] : []),
    ...(come.length ? [widened([...at, field], `${field} gained ${come.join(', ')}`, way)] : []),
  ]
}

function compareAccept(old: Json, now: Json, at: JsonPath, way: Direction): SchemaChange[] {
  const before = listOf(old.accept) ?? ['*/*']
  const after = listOf(now.accept) ?? ['*/*']
  const message = `accept ${describe(old.accept, now.accept)}`
  if (!covers(after, before)) return [narrowed([...at, 'accept'], message)]
  return covers(before, after) ? [] : [widened([...at, 'accept'], message, way)]
}

const listOf = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.map(String) : undefined
