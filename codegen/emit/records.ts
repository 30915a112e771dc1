/** `methods/<nsid path>.ts` of a record: what its collection file imports. */
import { tsBanner } from '../banner.ts'
import type { Collection } from '../collections/collection.ts'
import { lexiconPath, nsidToPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { PlannedFile } from '../write.ts'
import { docComment } from './doc-comment.ts'
import { methodPath } from './methods.ts'
import { quote } from './quote.ts'

/** One for every record, with a collection file or not; of those of the package for those with a file. */
export function emitRecords(
  lexicons: readonly Lexicon[],
  collections: readonly Collection[],
): PlannedFile[] {
  const withFile = new Set(collections.map(({ nsid }) => nsid))
  return lexicons.flatMap(({ nsid, doc, isBase }) => {
    const { main } = doc.defs
    if (main?.type !== 'record') return []
    if (!isBase) return [{ path: methodPath(nsid), code: codeOf(nsid, main.description) }]
    if (!withFile.has(nsid)) return []
    const theirs = quote(`cumulus/lex/${nsidToPath(nsid)}`)
    const code = `${tsBanner(theirs.slice(1, -1))}export * from ${theirs}\n`
    return [{ path: methodPath(nsid), code }]
  })
}

function codeOf(nsid: string, description: string | undefined): string {
  const comment = docComment([
    `Says what is indexed of ${nsid}, and what happens before and after a write.`,
    ...(description ? [description] : []),
  ])
  return `${tsBanner(lexiconPath(nsid))}import type * as types from ${quote(`#types/${nsidToPath(nsid)}`)}
import { collectionDefiner } from 'cumulus/collection'

${comment}export const collection = collectionDefiner<types.Main>()
`
}
