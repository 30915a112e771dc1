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
    return [{ collection, columns, indexes: Object.fromEntries(indexes), search: [...search] }]
  })
}

/** How values at a place in the records of a collection are compared. */
export function kindOf(schemas: Lexicons, collection: string, path: string): KeyKind {
  if (path.startsWith('@')) return 'text'
  const found = path
    .split('.')
    .reduce<LexUserType | undefined>(
      (def, name) => propertyOf(schemas, def, name),
      schemas.getDef(collection),
    )
  if (found?.type === 'integer' || found?.type === 'boolean') return 'number'
  return found?.type === 'string' && found.format === 'datetime' ? 'datetime' : 'text'
}

/** The definition of a property, behind references. */
function propertyOf(
  schemas: Lexicons,
  def: LexUserType | undefined,
  name: string,
): LexUserType | undefined {
  const object = def?.type === 'record' ? def.record : resolve(schemas, def)
  if (object?.type !== 'object') return undefined
  return resolve(schemas, object.properties[name] as LexUserType | undefined)
}

function resolve(schemas: Lexicons, def: LexUserType | undefined): LexUserType | undefined {
  const at = def as { type: string; ref?: string } | undefined
  return at?.type === 'ref' && at.ref !== undefined ? schemas.getDef(at.ref) : def
}
