/** Third stage, pure: every file of `src/generated/`, from checked lexicons and routes. */

import { defTable } from './closure.ts'
import { emitCollections } from './emit/collections.ts'
import { emitMethod } from './emit/methods.ts'
import { emitRoutes } from './emit/routes.ts'
import { emitSchemas } from './emit/schemas.ts'
import { emitTree } from './emit/tree.ts'
import { emitTypes } from './emit/types/file.ts'
import type { Lexicon } from './load.ts'
import { isOurs, type Method } from './methods.ts'
import type { PlannedFile } from './write.ts'

/**
 * Plans for `lexicons` and their `methods`, both sorted by NSID. In a project that builds on the package, only what is not
 * the same there is planned.
 */
export function plan(
  lexicons: readonly Lexicon[],
  methods: readonly Method[],
  onBase = false,
): PlannedFile[] {
  const defs = defTable(lexicons)
  const typeOf = (def: string): string | undefined => defs.get(def)?.def.type
  const ofBase = new Set(lexicons.filter(({ isBase }) => isBase).map(({ nsid }) => nsid))
  const own = lexicons.filter(({ isBase }) => !isBase)
  return [
    ...own.map(({ doc }) => emitTypes(doc, typeOf, ofBase)),
    ...methods.filter(isOurs).map(emitMethod),
    emitRoutes(methods, onBase),
    emitSchemas(lexicons, methods, onBase),
    emitCollections(own),
    emitTree(),
  ]
}
