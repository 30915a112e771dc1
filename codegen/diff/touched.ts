/** Which collection files a change of a lexicon concerns: their indexes and hooks. Pure. */
import { isObject } from '../check/shape.ts'
import { closure, type DefTable, resolveRef } from '../closure.ts'
import type { Collection } from '../collections/collection.ts'
import type { JsonPath } from '../diagnostics.ts'
import { collectionPath } from '../layout.ts'
import type { TreeChange } from './tree.ts'

/** A collection file that a change concerns. */
export interface TouchedCollection {
  file: string
  /** Those that read a place that the change is about; `gone`: records have no such place any more. */
  indexes: { name: string; place: string; effect: 'changed' | 'gone' }[]
  hooks: string[]
}

/** @param before definitions by full name, and `after` the change */
export function collectionFinder(
  before: DefTable,
  after: DefTable,
  collections: readonly Collection[],
): (change: TreeChange) => TouchedCollection[] {
  const known = collections.map(({ nsid: collection, indexes, search, hooks }) => ({
    file: collectionPath(collection),
    hooks,
    defs: [before, after].map((table) => closure([`${collection}#main`], table)),
    places: [...indexes, { name: 'search', places: search }].flatMap(({ name, places }) =>
      places.map((place) => ({
        name,
        place,
        old: waysTo(collection, place, before),
        now: waysTo(collection, place, after),
      })),
    ),
  }))
  return ({ nsid, def, at }) =>
    known.flatMap(({ file, hooks, defs, places }) => {
      if (!defs.some((set) => set.has(`${nsid}#${def}`))) return []
      const indexes = places.flatMap(({ name, place, old, now }) => {
        if (![...old, ...now].some((way) => way.some((step) => concerns(step, nsid, at)))) return []
        const effect = old.length > 0 && now.length === 0 ? ('gone' as const) : ('changed' as const)
        return [{ name, place, effect }]
      })
      return [{ file, indexes, hooks: [...hooks] }]
    })
}

/** A place in a lexicon on the way to a value. */
interface Step {
  nsid: string
  at: JsonPath
  /** The value itself, and not what it is in. */
  isLast: boolean
}

/** Ways through definitions to a place of a record, such as `subject.uri`; none: it has no such place. */
function waysTo(collection: string, place: string, table: DefTable): Step[][] {
  const names = place.split('.')
  const found: Step[][] = []
  const walk = (node: unknown, nsid: string, at: JsonPath, left: string[], way: Step[]): void => {
    if (!isObject(node) || way.length > 2 * names.length + 8) return
    const step = { nsid, at, isLast: left.length === 0 }
    if (node.type === 'ref' || node.type === 'union') {
      const refs = node.type === 'ref' ? [node.ref] : Array.isArray(node.refs) ? node.refs : []
      for (const ref of refs) {
        const { nsid: owner = '', name = '', def } = table.get(resolveRef(String(ref), nsid)) ?? {}
        walk(def, owner, ['defs', name], left, [...way, step])
      }
      return
    }
    if (node.type === 'record') {
      walk(node.record, nsid, [...at, 'record'], left, way)
      return
    }
    const [next, ...rest] = left
    if (next === undefined) {
      found.push([...way, step])
      return
    }
    const properties = isObject(node.properties) ? node.properties : {}
    if (!Object.hasOwn(properties, next)) return
    walk(properties[next], nsid, [...at, 'properties', next], rest, [...way, step])
  }
  walk(table.get(`${collection}#main`)?.def, collection, ['defs', 'main'], names, [])
  return found
}

/** Whether a change is at a step or above it; inside of the value itself counts, too. */
function concerns(step: Step, nsid: string, at: JsonPath): boolean {
  if (step.nsid !== nsid) return false
  const [short, long] = at.length <= step.at.length ? [at, step.at] : [step.at, at]
  const isOnOneLine = short.every((part, index) => part === long[index])
  return isOnOneLine && (step.isLast || at.length <= step.at.length)
}
