/** Third stage, pure: every file of `src/generated/`, from checked lexicons and routes. */

import type { CheckedApp } from './app/check.ts'
import { defTable } from './closure.ts'
import type { Collection } from './collections/collection.ts'
import { emitApp } from './emit/app.ts'
import { emitCollections } from './emit/collections.ts'
import { emitDocs } from './emit/docs.ts'
import { emitMethodTypes } from './emit/method-types.ts'
import { emitMethod } from './emit/methods.ts'
import { emitRecords } from './emit/records.ts'
import { emitRoutes } from './emit/routes.ts'
import { emitSchemas } from './emit/schemas.ts'
import { emitTree } from './emit/tree.ts'
import { emitTypes } from './emit/types/file.ts'
import type { Lexicon } from './load.ts'
import { isOurs, type Method } from './methods.ts'
import type { PlannedFile } from './write.ts'

/** What of a project decides about its files besides lexicons and methods. */
export interface PlanOptions {
  /** Those with a file. */
  collections?: readonly Collection[]
  /** Tables of its own. */
  app?: Omit<CheckedApp, 'diagnostics'>
  /** Names of those with a file. */
  jobs?: readonly string[]
  /** It builds on the package. */
  onBase?: boolean
}

/**
 * Plans for `lexicons` and their `methods`, both sorted by NSID. In a project that builds on the package, only what is not
 * the same there is planned.
 */
export function plan(
  lexicons: readonly Lexicon[],
  methods: readonly Method[],
  { collections = [], app, jobs = [], onBase = false }: PlanOptions = {},
): PlannedFile[] {
  const hasTables = app !== undefined && app.migrations.length > 0
  const defs = defTable(lexicons)
  const typeOf = (def: string): string | undefined => defs.get(def)?.def.type
  const ofBase = new Set(lexicons.filter(({ isBase }) => isBase).map(({ nsid }) => nsid))
  const own = lexicons.filter(({ isBase }) => !isBase)
  return [
    ...own.map(({ doc }) => emitTypes(doc, typeOf, ofBase)),
    ...methods.filter(isOurs).map(emitMethod),
    ...emitRecords(lexicons, collections),
    emitRoutes(methods, onBase),
    emitSchemas(lexicons, methods, onBase),
    emitCollections(own, collections, methods),
    emitMethodTypes(methods.filter(({ isBase }) => !isBase)),
    emitDocs(own),
    ...(hasTables ? [emitApp(app)] : []),
    emitTree(collections, { jobs, onBase, hasTables }),
  ]
}
