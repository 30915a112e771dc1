/** `tree.ts`: all that the runtime is given, in one object. */
import { tsBanner } from '../banner.ts'
import { GENERATED, HANDLERS, LEXICONS, POLICY } from '../layout.ts'
import type { PlannedFile } from '../write.ts'

const CODE = `import type { Tree } from 'cumulus/tree'
// The types of the records of its collections.
import './collections.ts'
import { routes } from './routes.ts'
import { schemas } from './schemas.ts'

/** What this project serves: its methods, and the schemas that they need. */
export const tree: Tree = { routes, schemas }
`

export const emitTree = (): PlannedFile => ({
  path: `${GENERATED}/tree.ts`,
  code: tsBanner(`${LEXICONS}/, ${HANDLERS}/ and ${POLICY}`) + CODE,
})
