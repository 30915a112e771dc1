/** Changes between two versions of a whole def: a record, a method, or a type. */
import { isObject } from '../check/shape.ts'
import type { JsonPath } from '../diagnostics.ts'
import { type Direction, harmless, narrowed, type SchemaChange, widened } from './change.ts'
import { covers, describe } from './limits.ts'
import { comparePermissions } from './permissions.ts'
import { compareSchemas, compareTypes } from './schema.ts'

type Json = Record<string, unknown>

const TO_SERVER: Direction = { read: false }
const TO_READERS: Direction = { read: true }

/** Compares two versions of the def at `at`; `way` says how a shared type travels. */
export function compareDefs(
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
    case 'record':
      return [
        ...(old.key === now.key
          ? []
          : [narrowed([...at, 'key'], `record key type ${describe(old.key, now.key)}`)]),
        ...compareSchemas(old.record, now.record, [...at, 'record'], TO_READERS, nsid),
      ]
    case 'query':
    case 'procedure':
    case 'subscription':
      return compareMethods(old, now, at, nsid)
    case 'permission-set':
      return comparePermissions(old, now, [...at, 'permissions'])
    default:
      return compareSchemas(old, now, at, way, nsid)
  }
}

function compareMethods(old: Json, now: Json, at: JsonPath, nsid: string): SchemaChange[] {
  const none = { type: 'params', properties: {} }
  return [
    ...compareSchemas(
      old.parameters ?? none,
      now.parameters ?? none,
      [...at, 'parameters'],
      TO_SERVER,
      nsid,
    ),
    ...compareBodies('input', old, now, at, TO_SERVER, nsid),
    ...compareBodies('output', old, now, at, TO_READERS, nsid),
    ...compareBodies('message', old, now, at, TO_READERS, nsid),
    ...compareErrors(old, now, [...at, 'errors']),
  ]
}

function compareBodies(
  part: 'input' | 'output' | 'message',
  old: Json,
  now: Json,
  method: JsonPath,
  way: Direction,
  nsid: string,
): SchemaChange[] {
  const [before, after] = [old[part], now[part]]
  const at = [...method, part]
  if (!isObject(before) && !isObject(after)) return []
  if (!isObject(after)) return [narrowed(at, `${part} removed`)]
  if (!isObject(before)) {
    return [part === 'input' ? narrowed(at, 'input added') : harmless(at, `${part} added`)]
  }
  const changes: SchemaChange[] = []
  if (before.encoding !== after.encoding) {
    const message = `encoding ${describe(before.encoding, after.encoding)}`
    const place = [...at, 'encoding']
    const isWider = part === 'input' && covers(mimeTypes(after), mimeTypes(before))
    changes.push(isWider ? widened(place, message, way) : narrowed(place, message))
  }
  if ((before.schema === undefined) !== (after.schema === undefined)) {
    changes.push(narrowed(at, `${part} schema ${after.schema === undefined ? 'removed' : 'added'}`))
  }
  return [...changes, ...compareSchemas(before.schema, after.schema, [...at, 'schema'], way, nsid)]
}

function compareErrors(old: Json, now: Json, at: JsonPath): SchemaChange[] {
  const [before, after] = [errorNames(old), errorNames(now)]
  return [
    ...before
      .filter((name) => !after.includes(name))
      .map((name) => narrowed(at, `error ${name} removed`)),
    ...after
      .filter((name) => !before.includes(name))
      .map((name) => harmless(at, `new error ${name}`)),
  ]
}

const mimeTypes = (body: Json): string[] =>
  String(body.encoding)
    .split(',')
    .map((type) => type.trim())

const errorNames = (def: Json): string[] =>
  Array.isArray(def.errors)
    ? def.errors.flatMap((error) => (isObject(error) ? [String(error.name)] : []))
    : []
