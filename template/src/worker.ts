/** The entry of the Worker: this project's tree of lexicons, served by the runtime. */
import { serve } from 'cumulus/worker'
import { tree } from './generated/tree.ts'

export * from 'cumulus/worker'
export default serve(tree)
