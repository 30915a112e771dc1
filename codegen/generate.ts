/** The whole way from lexicons to `src/generated/`: load → check → plan → compare → write. */
import { type CheckedApp, checkApp } from './app/check.ts'
import { type CheckedJobs, checkJobs } from './app/jobs.ts'
import { recordMigrations } from './app/record.ts'
import { checkLexicons } from './check/check.ts'
import { Passed } from './check/passed.ts'
import { collectionShapes } from './collections/cache.ts'
import { checkCollection } from './collections/check.ts'
import { type Collection, collectionsOf } from './collections/collection.ts'
import { type Diagnostic, hasErrors, sortDiagnostics } from './diagnostics.ts'
import { handlerShapes } from './handlers/cache.ts'
import { checkHandler } from './handlers/check.ts'
import { policiesForApps } from './handlers/policies.ts'
import type { HandlerShape } from './handlers/shape.ts'
import { moveRecord } from './import-record.ts'
import { GENERATED } from './layout.ts'
import { type Lexicon, load, type Project } from './load.ts'
import { type Method, routeMethods } from './methods.ts'
import { plan } from './plan.ts'
import { type Change, compare, write } from './write.ts'

export interface GenerateOptions {
  /** Compare only; write nothing. */
  check?: boolean
  /** Check every file again, whatever earlier runs remember. */
  fresh?: boolean
}

/** What a run found and did. Without `checked` lexicons there is nothing else to tell. */
export interface GenerateResult {
  diagnostics: Diagnostic[]
  changes: Change[]
  lexicons: number
  methods: Method[]
  /** Errors kept it from writing anything. */
  kept: boolean
}

/** A project that has been read and checked; `lexicons` is undefined when they have errors. */
export interface CheckedProject {
  project: Project
  diagnostics: Diagnostic[]
  lexicons: Lexicon[] | undefined
  methods: Method[]
  /** Of the handlers, by path. */
  shapes: ReadonlyMap<string, HandlerShape>
  collections: Collection[]
  app: CheckedApp
  jobs: CheckedJobs
  /** Something would be taken into the tree that is wrong in a way that only a change of it mends. */
  unfit: boolean
}

/** The lexicons of a project and of what it builds on, without its code: that takes the compiler's libraries. */
export async function loadCheckedLexicons(
  root: string,
  fresh = false,
): Promise<Pick<CheckedProject, 'project' | 'lexicons' | 'diagnostics'>> {
  const project = await load(root)
  const passed = new Passed(root, fresh)
  // The package's have passed where it was made; the project's own of the same name goes before.
  const own = new Set(project.lexicons.map(({ nsid }) => nsid))
  const base = new Set(project.base?.lexicons.filter(({ nsid }) => !own.has(nsid)))
  const { lexicons, diagnostics } = await checkLexicons(
    [...project.lexicons, ...base],
    (file) => base.has(file) || passed.has(file),
  )
  passed.remember(project.lexicons, diagnostics)
  return { project, lexicons, diagnostics }
}

/** Reads and checks a project. Problems with handlers do not keep the lexicons from being used. */
export async function loadChecked(root: string, fresh = false): Promise<CheckedProject> {
  const { project, lexicons, diagnostics } = await loadCheckedLexicons(root, fresh)
  const app = await checkApp(project.app)
  const jobs = await checkJobs(root, project.jobs, fresh)
  if (!lexicons) {
    const nothing = { methods: [], collections: [], shapes: new Map() }
    return { project, diagnostics, lexicons, app, jobs, unfit: true, ...nothing }
  }

  const handled = new Set(
    project.handlers.filter(({ path }) => path.endsWith('.ts')).map(({ nsid }) => nsid),
  )
  const methods = routeMethods(
    lexicons,
    { project: handled, base: project.base?.handled },
    project.rules,
  )
  const mainTypes = new Map(lexicons.map(({ nsid, doc }) => [nsid, doc.defs.main?.type]))
  const shapes = await handlerShapes(root, project.handlers, fresh)
  const isUnsaid = [...shapes.values()].some(({ export: one }) => 'unsaid' in one)
  const forApps = isUnsaid ? await policiesForApps() : undefined
  const ofCollections = await collectionShapes(root, project.collections, fresh)
  const collections = collectionsOf(project.collections, ofCollections, lexicons)
  const misjudged = project.collections.flatMap((file) =>
    checkCollection(file, ofCollections.get(file.path), lexicons),
  )
  const complaints = project.handlers.flatMap((file) =>
    checkHandler(file, shapes.get(file.path), mainTypes, forApps),
  )
  const withoutLex = [...misjudged, ...app.diagnostics, ...jobs.diagnostics]
  return {
    project,
    diagnostics: [...diagnostics, ...complaints, ...withoutLex],
    unfit: hasErrors(withoutLex),
    lexicons,
    methods,
    collections,
    app,
    jobs,
    shapes,
  }
}

/**
 * Generates `src/generated/` below `root`. Nothing is written while lexicons, collection files, migrations or jobs have
 * errors: what was generated last stays whole. A handler file with a problem is reported, and everything is generated all
 * the same, so that it can be finished with the types of its lexicon.
 */
export async function generate(
  root: string,
  options: GenerateOptions = {},
): Promise<GenerateResult> {
  if (!options.check) moveRecord(root)
  const checked = await loadChecked(root, options.fresh)
  const { project, diagnostics, lexicons, methods, collections, app, jobs, unfit } = checked
  const found = [...diagnostics]
  if (!lexicons || unfit) {
    const diagnostics = sortDiagnostics(found)
    return { diagnostics, changes: [], lexicons: 0, methods, kept: true }
  }

  const planned = plan(lexicons, methods, {
    collections,
    app,
    jobs: jobs.names,
    onBase: project.base !== undefined,
  })
  const { changes, foreign } = compare(planned, project.generated)
  for (const { path, blocking } of foreign) {
    found.push({
      severity: blocking || options.check ? 'error' : 'warning',
      file: path,
      message: blocking
        ? 'does not carry the banner of generated files, so it is not overwritten; move or delete it'
        : 'is not a generated file and is left alone; it belongs elsewhere',
    })
  }
  if (!options.check) write(root, GENERATED, planned, changes)
  changes.push(...recordMigrations(root, project.app, options.check))
  const own = lexicons.filter(({ isBase }) => !isBase)
  return {
    diagnostics: sortDiagnostics(found),
    changes,
    lexicons: own.length,
    methods,
    kept: false,
  }
}

export const failed = ({ diagnostics }: Pick<GenerateResult, 'diagnostics'>): boolean =>
  hasErrors(diagnostics)
