/** `collections.ts`: the types of records by collection, so that a collection that is written out is checked. */
import { tsBanner } from '../banner.ts'
import { GENERATED, LEXICONS, nsidToPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

export function emitCollections(lexicons: readonly Lexicon[]): PlannedFile {
  const entries = lexicons
    .filter(({ doc }) => doc.defs.main?.type === 'record')
    .map(({ nsid }) => {
      const module = quote(`./types/${nsidToPath(nsid)}.ts`)
      return `    ${quote(nsid)}: import(${module}).Main\n`
    })
  const code = `${tsBanner(`${LEXICONS}/`)}
declare module 'cumulus/collections' {
  /** The type of a record, for every collection. */
  interface Collections {
${entries.join('')}  }
}

export {}
`
  return { path: `${GENERATED}/collections.ts`, code }
}
