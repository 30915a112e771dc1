/** `tree.ts`: all that the runtime is given, in one object. */
import { tsBanner } from '../banner.ts'
import { GENERATED, HANDLERS, LEXICONS, POLICY } from '../layout.ts'
import type { PlannedFile } from '../write.ts'

export function emitTree(onBase = false): PlannedFile {
  const banner = tsBanner(`${LEXICONS}/, ${HANDLERS}/ and ${POLICY}`)
  const base = onBase ? "import { tree as base } from 'cumulus/generated'\n" : ''
  const code = `${banner}${base}import type { Tree } from 'cumulus/tree'
// The types of the records of its collections.
import './collections.ts'
import { routes } from './routes.ts'
import { schemas } from './schemas.ts'

/** What this project serves: its methods, the schemas that they need, and what there is to read about them. */
export const tree: Tree = {
  routes,
  schemas,
  docs: [${onBase ? '...base.docs, ' : ''}() => import('./docs.txt')],
}
`
  return { path: `${GENERATED}/tree.ts`, code }
}
