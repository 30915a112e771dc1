/** Changes between two versions of a permission set (atproto Permission spec, Permission Sets). */
import { isObject } from '../check/shape.ts'
import type { JsonPath } from '../diagnostics.ts'
import { byCodeUnits } from '../tree.ts'
import { narrowed, type SchemaChange } from './change.ts'

type Json = Record<string, unknown>

/** What may be done to records where a permission does not say. */
const ALL_ACTIONS = ['create', 'update', 'delete']

/** Single permissions of one entry; an entry that stands for more is compared as a whole. */
const MOST = 2_000

/** Whoever was granted a set finds it smaller, or is asked for more than before. In which order it is written is one. */
export function comparePermissions(old: Json, now: Json, at: JsonPath): SchemaChange[] {
  const [before, after] = [permissionsIn(old), permissionsIn(now)]
  const removed = [...before].filter((one) => !after.has(one))
  const added = [...after].filter((one) => !before.has(one))
  return [
    ...removed.map((one) => narrowed(at, `permission removed: ${one}`)),
    ...added.map(
      (one): SchemaChange => ({ impact: 'caution', at, message: `permission added: ${one}` }),
    ),
  ]
}

function permissionsIn({ permissions }: Json): Set<string> {
  const entries = Array.isArray(permissions) ? permissions.filter(isObject) : []
  return new Set(entries.flatMap(singles).map(canonical))
}

/** An entry with lists, such as of collections, as entries with one of each. */
function singles({ type: _, ...entry }: Json): Json[] {
  const full = entry.resource === 'repo' ? { action: ALL_ACTIONS, ...entry } : entry
  const lists = Object.entries(full).filter((field): field is [string, unknown[]] =>
    Array.isArray(field[1]),
  )
  if (lists.reduce((product, [, list]) => product * list.length, 1) > MOST) return [full]
  return lists.reduce<Json[]>(
    (all, [field, list]) => all.flatMap((one) => list.map((value) => ({ ...one, [field]: value }))),
    [full],
  )
}

/** One text for all orders of keys. */
const canonical = (entry: Json): string =>
  JSON.stringify(Object.fromEntries(Object.entries(entry).sort(([a], [b]) => byCodeUnits(a, b))))
