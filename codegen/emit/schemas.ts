/**
 * `schemas.ts`: the part of the lexicons that the server needs when it runs. Records of any kind, the
 * parameters, inputs, outputs and messages of methods with a handler, and what these refer to; and permission
 * sets, which apps ask for with `include:`.
 */
import { tsBanner } from '../banner.ts'
import { closure, type DefId, defTable } from '../closure.ts'
import { GENERATED, LEXICONS, lexiconPath } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { Method } from '../methods.ts'
import { byCodeUnits } from '../tree.ts'
import type { PlannedFile } from '../write.ts'
import { printLiteral } from './literal.ts'
import { commentLine, quote } from './quote.ts'

/** What nothing looks at when the server runs; people who consent are shown `title` and `detail`. */
const UNUSED = new Set(['description', 'knownValues', 'errors'])

/** Of which the server needs all there are. */
const USED_WITHOUT_HANDLER = new Set(['record', 'permission-set'])

export function emitSchemas(
  lexicons: readonly Lexicon[],
  methods: readonly Method[],
  onBase = false,
): PlannedFile {
  const byLexicon = groupByLexicon(runtimeDefs(lexicons, methods))
  const theirs = onBase ? groupByLexicon(runtimeDefsOfBase(lexicons, methods)) : undefined
  const entries = lexicons.flatMap(({ nsid, doc, isBase }) => {
    const names = byLexicon.get(nsid)
    if (!names || (isBase && theirs?.get(nsid)?.length === names.length)) return []
    const defs = Object.fromEntries(names.map((name) => [name, lean(doc.defs[name])]))
    const schema = printLiteral({ lexicon: 1, id: nsid, defs }, '  ')
    const type = needsType(defs) ? " as ReturnType<Schemas['']>" : ''
    return [`  // ${commentLine(lexiconPath(nsid))}\n  ${quote(nsid)}: () => (${schema})${type},\n`]
  })
  const code = `${tsBanner(`${LEXICONS}/`)}${onBase ? "import { tree as base } from 'cumulus/generated'\n" : ''}import type { Schemas } from 'cumulus/lexicons'

/**
 * Schemas by NSID, each made anew at every call: nothing is built before it is asked for, and
 * \`Lexicons\` changes the documents that it is given.
 */
export const schemas: Schemas = {
${onBase ? '  ...base.schemas,\n' : ''}${entries.join('')}}
`
  return { path: `${GENERATED}/schemas.ts`, code }
}

/**
 * Whether a name is one that every object has, such as `constructor`: then TypeScript does not look for the type that
 * is expected in the place, and takes a string for any string.
 */
const needsType = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([key, part]) => key in Object.prototype || needsType(part))

/** The defs that the server needs when it runs. */
export function runtimeDefs(lexicons: readonly Lexicon[], methods: readonly Method[]): Set<DefId> {
  const used = lexicons.filter(({ doc }) => USED_WITHOUT_HANDLER.has(doc.defs.main?.type ?? ''))
  const local = methods.filter(({ route }) => route.to === 'local')
  const roots = [...used, ...local].map(({ nsid }) => `${nsid}#main`)
  return closure(roots, defTable(lexicons))
}

/** Those that the package has generated already: what its lexicons and handlers need. */
function runtimeDefsOfBase(lexicons: readonly Lexicon[], methods: readonly Method[]): Set<DefId> {
  const theirs = lexicons.filter(({ isBase }) => isBase)
  const served = methods.filter(({ isBase, handledBy, overrides }) =>
    isBase ? handledBy === 'package' || overrides : false,
  )
  return runtimeDefs(theirs, served)
}

function groupByLexicon(ids: Iterable<DefId>): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const id of [...ids].sort(byCodeUnits)) {
    const [nsid = '', name = ''] = id.split('#')
    groups.set(nsid, [...(groups.get(nsid) ?? []), name])
  }
  return groups
}

/** A copy of a def without prose; names of properties are not mistaken for prose. */
function lean(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lean)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).flatMap(([key, value]) => {
    if (key === 'properties') return [[key, leanProperties(value)]]
    return UNUSED.has(key) ? [] : [[key, lean(value)]]
  })
  return Object.fromEntries(entries)
}

const leanProperties = (properties: object): object =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, lean(value)]))
