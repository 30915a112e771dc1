/** `tree.ts`: all that the runtime is given, in one object. */
import { tsBanner } from '../banner.ts'
import type { Collection } from '../collections/collection.ts'
import { COLLECTIONS, GENERATED, HANDLERS, LEXICONS, nsidToPath, POLICY } from '../layout.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

/** The tree; collection files are loaded when they are first needed. */
export function emitTree(collections: readonly Collection[]): PlannedFile {
  const files = collections
    .map(({ nsid }) => {
      const module = quote(`../collections/${nsidToPath(nsid)}.ts`)
      return `    ${quote(nsid)}: { load: () => import(${module}) },\n`
    })
    .join('')
  const table = files === '' ? '{}' : `{\n${files}  }`
  const sources = `${LEXICONS}/, ${HANDLERS}/, ${COLLECTIONS}/ and ${POLICY}`
  const code = `${tsBanner(sources)}import type { Tree } from 'cumulus/tree'
// The types of the records of its collections.
import './collections.ts'
import { routes } from './routes.ts'
import { schemas } from './schemas.ts'

/** What this project serves: its methods, the schemas that they need, and what is said of its collections. */
export const tree: Tree = {
  routes,
  schemas,
  collections: ${table},
}
`
  return { path: `${GENERATED}/tree.ts`, code }
}
