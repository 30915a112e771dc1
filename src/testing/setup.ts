/** For each file of tests in workerd: parts of the server that are tested alone know the tree, too. */
import { afterAll, vi } from 'vitest'
import { schemas } from '../generated/schemas.ts'
import { useSchemas } from '../kernel/lexicons.ts'

useSchemas(schemas)

// The next file may run in the same isolate: what this one put in the place of something is not to be there any more.
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
