/** What generated code tells the runtime of a project: its lexicons, as far as they are needed at run time, and its methods. */
import { type AppMigrations, useAppMigrations } from '../kernel/app-tables.ts'
import { type CollectionFiles, useCollectionFiles } from '../kernel/collection-files.ts'
import { type JobFiles, useJobFiles } from '../kernel/job-files.ts'
import { type Schemas, useSchemas } from '../kernel/lexicons.ts'
import { useLogStreams } from '../kernel/log-streams.ts'
import { logSourceOf } from '../server/streams/from-log.ts'
import { loadHandler, type Routes, routeOf, useRoutes } from '../server/xrpc/routes.ts'
import { type Docs, useDocs } from '../web/docs/source.ts'

export type { Routes }

/** `src/generated/tree.ts` of a project. */
export interface Tree {
  routes: Routes
  schemas: Schemas
  /** The lexicons with their prose, for the pages below `/docs`. */
  docs: readonly Docs[]
  /** The files of `src/collections/`. */
  collections?: CollectionFiles
  /** What makes the tables of `src/app/`. */
  app?: AppMigrations
  /** The files of `src/jobs/`. */
  jobs?: JobFiles
}

/** Hands the tree to those who need it. Once, before the first request. */
export function useTree({ routes, schemas, docs, collections = {}, app, jobs = {} }: Tree): void {
  useSchemas(schemas)
  useRoutes(routes)
  useDocs(docs)
  useCollectionFiles(collections)
  useJobFiles(jobs)
  if (app) useAppMigrations(app)
  useLogStreams(async (nsid) => {
    const route = routeOf(nsid)
    return route?.to === 'local' ? logSourceOf((await loadHandler(nsid, route)).handler) : undefined
  })
}
