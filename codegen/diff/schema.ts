/** Changes between two versions of a schema: properties, items, references, unions. */
import { isObject } from '../check/shape.ts'
import { resolveRef } from '../closure.ts'
import type { JsonPath } from '../diagnostics.ts'
import { type Direction, harmless, narrowed, type SchemaChange, widened } from './change.ts'
import { compareLimits } from './limits.ts'

type Json = Record<string, unknown>

/** What there is to say of two that are of different types; undefined: they are of one. */
export const compareTypes = (old: Json, now: Json, at: JsonPath): SchemaChange[] | undefined =>
  old.type === now.type
    ? undefined
    : [narrowed([...at, 'type'], `type changed from ${old.type} to ${now.type}`)]

/** Compares two versions of a schema in the lexicon `nsid`. */
export function compareSchemas(
  old: unknown,
  now: unknown,
  at: JsonPath,
  way: Direction,
  nsid: string,
): SchemaChange[] {
  if (!isObject(old) || !isObject(now)) return []
  const other = compareTypes(old, now, at)
  if (other) return other
  switch (now.type) {
    case 'object':
    case 'params':
      return compareObjects(old, now, at, way, nsid)
    case 'array':
      return [
        ...compareLimits(old, now, at, way),
        ...compareSchemas(old.items, now.items, [...at, 'items'], way, nsid),
      ]
    case 'ref': {
      const [before, after] = [refOf(old, nsid), refOf(now, nsid)]
      const message = `reference changed from ${before} to ${after}`
      return before === after ? [] : [narrowed([...at, 'ref'], message)]
    }
    case 'union':
      return compareUnions(old, now, at, way, nsid)
    default:
      return compareLimits(old, now, at, way)
  }
}

function compareObjects(
  old: Json,
  now: Json,
  at: JsonPath,
  way: Direction,
  nsid: string,
): SchemaChange[] {
  const changes: SchemaChange[] = []
  const [before, after] = [propertiesOf(old), propertiesOf(now)]
  const noun = now.type === 'params' ? 'parameter' : 'field'
  for (const name of Object.keys(before)) {
    const place = [...at, 'properties', name]
    if (!Object.hasOwn(after, name)) {
      changes.push(narrowed(place, `${noun} "${name}" removed`))
      continue
    }
    changes.push(...compareSchemas(before[name], after[name], place, way, nsid))
    const was = listed(old, 'required', name)
    const is = listed(now, 'required', name)
    if (!was && is) changes.push(narrowed(place, `${noun} "${name}" has become required`))
    if (was && !is) changes.push(noLongerRequired(place, noun, name, way))
    const wasNullable = listed(old, 'nullable', name)
    const isNullable = listed(now, 'nullable', name)
    if (wasNullable && !isNullable) changes.push(narrowed(place, `"${name}" may no longer be null`))
    if (!wasNullable && isNullable) changes.push(widened(place, `"${name}" may be null`, way))
  }
  for (const name of Object.keys(after)) {
    if (Object.hasOwn(before, name)) continue
    const place = [...at, 'properties', name]
    changes.push(
      listed(now, 'required', name)
        ? narrowed(place, `new ${noun} "${name}" is required`)
        : harmless(place, `new optional ${noun} "${name}"`),
    )
  }
  return changes
}

/** Readers rely on what is required; a server that gets it can do without. */
const noLongerRequired = (
  at: JsonPath,
  noun: string,
  name: string,
  { read }: Direction,
): SchemaChange => ({
  impact: read ? 'breaking' : 'fine',
  at,
  message: `${noun} "${name}" is no longer required`,
})

function compareUnions(
  old: Json,
  now: Json,
  at: JsonPath,
  way: Direction,
  nsid: string,
): SchemaChange[] {
  const changes: SchemaChange[] = []
  const [before, after] = [variants(old, nsid), variants(now, nsid)]
  const place = [...at, 'refs']
  for (const gone of before.filter((ref) => !after.includes(ref))) {
    changes.push(
      now.closed
        ? narrowed(place, `closed union lost ${gone}`)
        : { impact: 'caution', at: place, message: `open union no longer lists ${gone}` },
    )
  }
  for (const come of after.filter((ref) => !before.includes(ref))) {
    changes.push(
      old.closed && way.read
        ? narrowed(place, `closed union gained ${come}, which old readers refuse`)
        : harmless(place, `union gained ${come}`),
    )
  }
  if (!old.closed && now.closed) changes.push(narrowed(at, 'the union has been closed'))
  if (old.closed && !now.closed) changes.push(widened(at, 'the union has been opened', way))
  return changes
}

const propertiesOf = (schema: Json): Json => (isObject(schema.properties) ? schema.properties : {})

const listed = (schema: Json, list: 'required' | 'nullable', name: string): boolean => {
  const names = schema[list]
  return Array.isArray(names) && names.includes(name)
}

const refOf = (schema: Json, nsid: string): string => resolveRef(String(schema.ref), nsid)

const variants = (schema: Json, nsid: string): string[] =>
  Array.isArray(schema.refs) ? schema.refs.map((ref) => resolveRef(String(ref), nsid)) : []
