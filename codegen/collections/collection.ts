/** The collections with a file, as far as the output depends on them. */
import type { HandlerFile, Lexicon } from '../load.ts'
import type { CollectionShape } from './shape.ts'

/** One collection with a file. */
export interface Collection {
  nsid: string
  indexes: { name: string; places: string[] }[]
  search: string[]
  hooks: CollectionShape['hooks']
}

/** Those whose record there is, in order. */
export function collectionsOf(
  files: readonly HandlerFile[],
  shapes: ReadonlyMap<string, CollectionShape>,
  lexicons: readonly Lexicon[],
): Collection[] {
  const records = new Set(
    lexicons.flatMap(({ nsid, doc }) => (doc.defs.main?.type === 'record' ? [nsid] : [])),
  )
  return files.flatMap(({ path, nsid }) => {
    const shape = shapes.get(path)
    if (!shape || !path.endsWith('.ts') || !records.has(nsid)) return []
    return [
      {
        nsid,
        indexes: shape.indexes.map(({ name, places }) => ({
          name,
          places: places.map((place) => place.path),
        })),
        search: shape.search.map((place) => place.path),
        hooks: shape.hooks,
      },
    ]
  })
}

/** `index byTime, bySubject; search; afterWrite` */
export function describeCollection({ indexes, search, hooks }: Collection): string {
  const parts = [
    ...(indexes.length > 0 ? [`index ${indexes.map(({ name }) => name).join(', ')}`] : []),
    ...(search.length > 0 ? ['search'] : []),
    ...hooks,
  ]
  return parts.length > 0 ? parts.join('; ') : 'nothing'
}
