/** `collections.ts`: the types of records by collection, so that a collection that is written out is checked. */
import { tsBanner } from '../banner.ts'
import type { Collection } from '../collections/collection.ts'
import { COLLECTIONS, GENERATED, LEXICONS, nsidToPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { Method } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

export function emitCollections(
  lexicons: readonly Lexicon[],
  collections: readonly Collection[],
  methods: readonly Method[] = [],
): PlannedFile {
  const entries = lexicons
    .filter(({ doc }) => doc.defs.main?.type === 'record')
    .map(({ nsid }) => {
      const module = quote(`./types/${nsidToPath(nsid)}.ts`)
      return `    ${quote(nsid)}: import(${module}).Main\n`
    })
  const indexed = collections.map(
    ({ nsid, indexes }) => `    ${quote(nsid)}: { index: ${printIndexes(indexes)} }\n`,
  )
  const called = methods
    .filter(({ def, isBase }) => !isBase && def.type !== 'subscription')
    .map(({ nsid }) => {
      const module = quote(`./methods/${nsidToPath(nsid)}.ts`)
      return `    ${quote(nsid)}: import(${module}).Method\n`
    })
  const code = `${tsBanner(`${LEXICONS}/ and ${COLLECTIONS}/`)}
declare module 'cumulus/collections' {
  /** The type of a record, for every collection. */
  interface Collections {
${entries.join('')}  }

  /** What collection files have indexed. */
  interface CollectionIndexes {
${indexed.join('')}  }

  /** What goes in and comes out of every query and procedure. */
  interface Methods {
${called.join('')}  }
}

export {}
`
  return { path: `${GENERATED}/collections.ts`, code }
}

/** `{ byTime: readonly ['createdAt'] }` */
function printIndexes(indexes: Collection['indexes']): string {
  const entries = indexes.map(
    ({ name, places }) => `${quote(name)}: readonly [${places.map(quote).join(', ')}]`,
  )
  return entries.length === 0 ? '{}' : `{ ${entries.join('; ')} }`
}
