/** Third stage, pure: every file of `src/generated/`, from checked lexicons and routes. */

import { defTable } from './closure.ts'
import { emitCollections } from './emit/collections.ts'
import { emitMethod } from './emit/methods.ts'
import { emitRoutes } from './emit/routes.ts'
import { emitSchemas } from './emit/schemas.ts'
import { emitTree } from './emit/tree.ts'
import { emitTypes } from './emit/types/file.ts'
import type { Lexicon } from './load.ts'
import type { Method } from './methods.ts'
import type { PlannedFile } from './write.ts'

/** Plans for `lexicons` and their `methods`, both sorted by NSID. */
export function plan(lexicons: readonly Lexicon[], methods: readonly Method[]): PlannedFile[] {
  const defs = defTable(lexicons)
  const typeOf = (def: string): string | undefined => defs.get(def)?.def.type
  return [
    ...lexicons.map(({ doc }) => emitTypes(doc, typeOf)),
    ...methods.map(emitMethod),
    emitRoutes(methods),
    emitSchemas(lexicons, methods),
    emitCollections(lexicons),
    emitTree(),
  ]
}
