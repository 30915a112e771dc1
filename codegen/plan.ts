/** Third stage, pure: every file of `src/generated/` but the types, from checked lexicons and routes. */
import { emitCoverage } from './emit/coverage.ts'
import { emitLexicons } from './emit/lexicons.ts'
import { emitMethod } from './emit/methods.ts'
import { emitRoutes } from './emit/routes.ts'
import { emitSchemas } from './emit/schemas.ts'
import type { Method } from './methods.ts'
import type { Lexicon } from './types/types.ts'
import type { PlannedFile } from './write.ts'

/** Plans for `lexicons` and their `methods`, both sorted by NSID. */
export function plan(lexicons: readonly Lexicon[], methods: readonly Method[]): PlannedFile[] {
  return [
    ...methods.map(emitMethod),
    emitRoutes(methods),
    emitSchemas(lexicons, methods),
    emitLexicons(),
    emitCoverage(methods),
  ]
}
