/** Second stage, pure: judges what was loaded and collects every complaint. */
import type { LexiconDoc } from '@atproto/lexicon'
import { type Diagnostic, hasErrors } from '../diagnostics.ts'
import { LEXICONS } from '../layout.ts'
import type { Lexicon, LexiconFile } from '../load.ts'
import { byCodeUnits } from '../tree.ts'
import { firstOf } from './findings.ts'
import { checkReferences, type DefIndex } from './references.ts'
import { isObject } from './shape.ts'
import { checkTwins } from './twins.ts'

/** Lexicons with what was found; `lexicons` is undefined when there is an error among it. */
export interface CheckedLexicons {
  /** Sorted by NSID. */
  lexicons: Lexicon[] | undefined
  diagnostics: Diagnostic[]
}

/**
 * Checks a tree of lexicons. Files that are `known` went through these checks before, unchanged, and only
 * have their references looked at, which depend on the rest of the tree.
 */
export async function checkLexicons(
  files: readonly LexiconFile[],
  known: (file: LexiconFile) => boolean = () => false,
): Promise<CheckedLexicons> {
  if (files.length === 0) return { lexicons: undefined, diagnostics: [noLexicons] }
  const diagnostics: Diagnostic[] = []

  const rightful = new Map(files.filter(isInPlace).map((file) => [file.nsid, file.path]))
  const taken = new Map(rightful)
  const news = files.filter((file) => !known(file))
  if (news.length > 0) {
    const { checkLexicon } = await import('./lexicon.ts')
    for (const file of news) {
      const id = isObject(file.json) ? String(file.json.id) : ''
      const other = taken.get(id)
      if (!other) taken.set(id, file.path)
      diagnostics.push(...checkLexicon(file, other === file.path ? undefined : other))
    }
  }

  for (const { file, finding } of checkTwins(files)) {
    const { toDiagnostic } = await import('./lexicon.ts')
    diagnostics.push(toDiagnostic(finding, file))
  }

  const index = defIndex(files)
  for (const file of files) {
    if (!isObject(file.json)) continue
    const found = checkReferences(file.json, idOf(file), index)
    if (index.get(idOf(file))?.get('main') === 'permission-set') {
      const { checkPermissions } = await import('./permissions.ts')
      found.push(...checkPermissions(file.json, idOf(file), index))
    }
    if (found.length === 0) continue
    const { toDiagnostic } = await import('./lexicon.ts')
    // What is no reference at all was told about as such.
    const told = diagnostics.filter((one) => one.file === file.path)
    diagnostics.push(
      ...firstOf(found)
        .map((finding) => toDiagnostic(finding, file))
        .filter(({ line, column }) => !told.some((o) => o.line === line && o.column === column)),
    )
  }

  if (hasErrors(diagnostics)) return { lexicons: undefined, diagnostics }
  const lexicons = files
    .map((file) => ({ ...file, doc: file.json as LexiconDoc }))
    .sort((a, b) => byCodeUnits(a.nsid, b.nsid))
  return { lexicons, diagnostics }
}

const noLexicons: Diagnostic = {
  severity: 'error',
  file: `${LEXICONS}/`,
  message: 'holds no lexicons; `npm run lexicons:import` brings the official ones',
}

const isInPlace = ({ json, nsid }: LexiconFile): boolean => isObject(json) && json.id === nsid

/** The id that a file claims, or else the one its path gives it. */
const idOf = ({ json, nsid }: LexiconFile): string =>
  isObject(json) && typeof json.id === 'string' ? json.id : nsid

/** Def names by id; a misplaced file counts under both names, so that it is complained about once. */
function defIndex(files: readonly LexiconFile[]): DefIndex {
  const index = new Map<string, Map<string, string> | undefined>()
  for (const file of files) {
    if (file.json === undefined) {
      index.set(file.nsid, undefined)
      continue
    }
    const defs = isObject(file.json) && isObject(file.json.defs) ? file.json.defs : {}
    const types = Object.entries(defs).map(([name, def]): [string, string] => [
      name,
      isObject(def) ? String(def.type) : '',
    ])
    for (const nsid of new Set([file.nsid, idOf(file)])) {
      index.set(nsid, new Map([...(index.get(nsid) ?? []), ...types]))
    }
  }
  return index
}
