/**
 * A typed client for front ends: schemas made by the generator of `@atproto/lex` (lex-builder), a runtime that is copied
 * beside them, and an index that puts methods and collections where their NSIDs say.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { tsBanner } from '../banner.ts'
import { refsIn } from '../closure.ts'
import { commentText } from '../emit/quote.ts'
import { UsageError } from '../errors.ts'
import { LEXICONS, lexiconPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import { listFiles, readText } from '../tree.ts'
import type { PlannedFile } from '../write.ts'
import { emitIndex } from './emit.ts'

/** The folder of the schemas in a client's. */
const SCHEMAS = 'lexicons'

/** A client's files, relative to its folder. */
export interface ClientOptions {
  /** Those whose methods and collections the client has. */
  namespaces: readonly string[]
  /** How its files import each other: `.ts`, `.js`, or nothing. */
  extension: string
}

/**
 * Plans the files of a client for lexicons that have passed the checks; what they refer to comes along.
 *
 * @param lexicons the whole tree, sorted by NSID
 */
export async function planClient(
  lexicons: readonly Lexicon[],
  chosen: readonly Lexicon[],
  { namespaces, extension }: ClientOptions,
): Promise<PlannedFile[]> {
  const needed = withReferences(chosen, lexicons)
  const streams = chosen.some(({ doc }) => doc.defs.main?.type === 'subscription')
  return [
    { path: 'index.ts', code: emitIndex(chosen, namespaces, extension) },
    runtime('client', extension),
    ...(streams ? [runtime('subscription', extension)] : []),
    ...(await buildSchemas(needed, extension)),
  ]
}

/** What may be a client's in a folder, where there may be other generated files, too. */
export const clientFiles = (folder: string): string[] =>
  [
    ...['client', 'index', 'subscription'].map((name) => `${name}.ts`),
    ...listFiles(folder, SCHEMAS),
  ]
    .filter((path) => readText(join(folder, path)) !== undefined)
    .filter((path) => path.endsWith('.ts'))

/** Lexicons, and all that they refer to. */
function withReferences(
  chosen: readonly Lexicon[],
  lexicons: readonly Lexicon[],
): readonly Lexicon[] {
  const byNsid = new Map(lexicons.map((lexicon) => [lexicon.nsid, lexicon]))
  const needed = new Set(chosen)
  for (const { nsid, doc } of needed) {
    for (const id of refsIn(doc.defs, nsid)) {
      const other = byNsid.get(id.split('#')[0] ?? '')
      if (other) needed.add(other)
    }
  }
  return lexicons.filter((lexicon) => needed.has(lexicon))
}

function runtime(name: string, extension: string): PlannedFile {
  const text = readFileSync(new URL(`./runtime/${name}.ts`, import.meta.url), 'utf8')
  const code = text.replaceAll(
    / from '(\.\/[\w-]+)\.ts'/g,
    (_, path) => ` from '${path}${extension}'`,
  )
  return { path: `${name}.ts`, code: tsBanner('codegen/client/runtime/') + code }
}

/** What `lex build` makes of lexicons. It reads and writes folders, so it gets some of its own. */
async function buildSchemas(
  lexicons: readonly Lexicon[],
  extension: string,
): Promise<PlannedFile[]> {
  const { build } = await import('@atproto/lex-builder')
  const folder = mkdtempSync(join(tmpdir(), 'codegen-client-'))
  try {
    for (const { nsid, doc } of lexicons) {
      const path = join(folder, lexiconPath(nsid))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, JSON.stringify(withSafeComments(doc)))
    }
    try {
      await build({
        lexicons: join(folder, LEXICONS),
        out: join(folder, 'out'),
        importExt: extension,
        lib: '@atproto/lex',
        pretty: true,
        defsExport: true,
        banner: tsBanner(`${LEXICONS}/`),
      })
    } catch (error) {
      throw new UsageError(explain(error, folder))
    }
    return listFiles(folder, 'out').map((path) => ({
      path: path.replace(/^out\//, `${SCHEMAS}/`),
      code: readText(join(folder, path)) ?? '',
    }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A copy whose descriptions are safe in comments, into which lex-builder puts them as they are. */
function withSafeComments(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withSafeComments)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'description' && typeof value === 'string') return [key, commentText(value)]
      return [key, withSafeComments(value)]
    }),
  )
}

/** What lex-builder says of a lexicon that it does not take, with the file's name as it is in the project. */
function explain(error: unknown, folder: string): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message.replaceAll(`${folder}/`, '')
  return error.cause instanceof Error ? `${message}: ${error.cause.message}` : message
}
