/** `methods/<nsid path>.ts` of a record: what its collection file imports. */
import { tsBanner } from '../banner.ts'
import { lexiconPath, nsidToPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { PlannedFile } from '../write.ts'
import { docComment } from './doc-comment.ts'
import { methodPath } from './methods.ts'
import { quote } from './quote.ts'

/** One for every record, with a collection file or not. */
export function emitRecords(lexicons: readonly Lexicon[]): PlannedFile[] {
  return lexicons.flatMap(({ nsid, doc }) => {
    const { main } = doc.defs
    if (main?.type !== 'record') return []
    const comment = docComment([
      `Says what is indexed of ${nsid}, and what happens before and after a write.`,
      ...(main.description ? [main.description] : []),
    ])
    const code = `${tsBanner(lexiconPath(nsid))}import type * as types from ${quote(`#types/${nsidToPath(nsid)}`)}
import { collectionDefiner } from 'cumulus/collection'

${comment}export const collection = collectionDefiner<types.Main>()
`
    return [{ path: methodPath(nsid), code }]
  })
}
