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
      return `  ${quote(nsid)}: import(${module}).Main\n`
    })
  const code = `${tsBanner(`${LEXICONS}/`)}
/** The type of a record, for every collection. */
export interface Collections {
${entries.join('')}}

/** A collection: where its name is written out, one of those; any text otherwise. */
export type Collection<C extends string = string> = string extends C ? C : keyof Collections

/** The type of the records of a collection, as far as it is known. */
export type RecordOf<C extends string> = C extends keyof Collections
  ? Collections[C]
  : { [_ in string]: unknown }
`
  return { path: `${GENERATED}/collections.ts`, code }
}
