/** `tree.ts`: all that the runtime is given, in one object. */
import { tsBanner } from '../banner.ts'
import type { Collection } from '../collections/collection.ts'
import { COLLECTIONS, GENERATED, HANDLERS, LEXICONS, nsidToPath, POLICY } from '../layout.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

/** The tree; collection files are loaded when they are first needed. */
export function emitTree(
  collections: readonly Collection[],
  {
    jobs = [],
    onBase = false,
    hasTables = false,
  }: { jobs?: readonly string[]; onBase?: boolean; hasTables?: boolean } = {},
): PlannedFile {
  const files = collections
    .map(({ nsid }) => {
      const module = quote(`../collections/${nsidToPath(nsid)}.ts`)
      return `    ${quote(nsid)}: { load: () => import(${module}) },\n`
    })
    .join('')
  const ofJobs = jobs
    .map((name) => `    ${quote(name)}: { load: () => import(${quote(`../jobs/${name}.ts`)}) },\n`)
    .join('')
  const table = files === '' ? '{}' : `{\n${files}  }`
  const sources = `${LEXICONS}/, ${HANDLERS}/, ${COLLECTIONS}/ and ${POLICY}`
  const base = onBase ? "import { tree as base } from 'cumulus/generated'\n" : ''
  const code = `${tsBanner(sources)}${base}import type { Tree } from 'cumulus/tree'
${hasTables ? "import { app } from './app.ts'\n" : ''}// The types of the records of its collections, and of its methods.
import './collections.ts'
import './method-types.ts'
import { routes } from './routes.ts'
import { schemas } from './schemas.ts'

/** What this project serves. */
export const tree: Tree = {
  routes,
  schemas,
${hasTables ? '  app,\n' : ''}  collections: ${table},
${jobs.length > 0 ? `  jobs: {\n${ofJobs}  },\n` : ''}  docs: [${onBase ? '...base.docs, ' : ''}() => import('./docs.txt')],
}
`
  return { path: `${GENERATED}/tree.ts`, code }
}
