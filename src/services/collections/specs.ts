/** What collection files want indexed, as the index stores it. */
import type { Lexicons, LexUserType } from '@atproto/lexicon'
import type { AnyCollectionDefinition } from '../../kernel/collection-files.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import type { IndexSpec, KeyColumn, KeyKind } from '../../storage/index/spec.ts'

/** The collections that are indexed. */
export function indexSpecs(definitions: ReadonlyMap<string, AnyCollectionDefinition>): IndexSpec[] {
  return [...definitions].flatMap(([collection, { index = {}, search = [] }]) => {
    if (Object.keys(index).length + search.length === 0) return []
    const paths = [...new Set(Object.values(index).flat())].sort()
    const columns = paths.map(
      (path): KeyColumn => ({ path, kind: kindOf(lexicons(), collection, path) }),
    )
    const indexes = Object.entries(index)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, places]) => [name, places.map((path) => paths.indexOf(path))] as const)
    return [
      {
        collection,
        columns,
        indexes: Object.fromEntries(indexes),
        search: [...search],
        byDid: true,
      },
    ]
  })
}

/** How values at a place in the records of a collection are compared; where that is not known, as they are. */
export function kindOf(schemas: Lexicons, collection: string, path: string): KeyKind {
  if (path.startsWith('@')) return 'text'
  const found = path.split('.').reduce<LexUserType[]>(
    (defs, name) => defs.flatMap((def) => propertiesOf(schemas, def, name)),
    [schemas.getDef(collection)].filter((def) => def !== undefined),
  )[0]
  if (found?.type === 'integer' || found?.type === 'boolean') return 'number'
  if (found?.type !== 'string') return 'any'
  return found.format === 'datetime' ? 'datetime' : 'text'
}

/** The definitions that a property may have, behind references. */
function propertiesOf(schemas: Lexicons, def: LexUserType, name: string): LexUserType[] {
  const object = def.type === 'record' ? def.record : def
  if (object.type !== 'object') return []
  return resolve(schemas, object.properties[name] as LexUserType | undefined)
}

function resolve(schemas: Lexicons, def: LexUserType | undefined): LexUserType[] {
  if (!def) return []
  const { type, ref, refs = [] } = def as { type: string; ref?: string; refs?: string[] }
  if (type !== 'ref' && type !== 'union') return [def]
  const all = ref === undefined ? refs : [ref]
  return all.flatMap((one) => schemas.getDef(one) ?? [])
}
