/** `codegen diff`: what changed in the lexicons since a git ref, and whom it touches. */
import { closure } from '../closure.ts'
import { type Diagnostic, hasErrors } from '../diagnostics.ts'
import { loadChecked } from '../generate.ts'
import { lexiconPath, nsidToPath } from '../layout.ts'
import type { HandlerFile, LexiconFile } from '../load.ts'
import type { Impact } from './change.ts'
import { lexiconsAt } from './git.ts'
import { collectionFinder, type TouchedCollection } from './touched.ts'
import { compareTrees, tableOf } from './tree.ts'

/** One change as it is reported. Without line and column: the lexicon is gone. */
export interface LexiconChange {
  impact: Impact
  nsid: string
  file: string
  line?: number
  column?: number
  /** Place in the lexicon, such as `defs.main.record.properties.text`. */
  path: string
  message: string
  /** Handler files whose types or validation this changes. */
  handlers: string[]
  /** Collection files whose indexes or hooks see such records. */
  collections: TouchedCollection[]
}

export interface DiffResult {
  diagnostics: Diagnostic[]
  /** Breaking changes first, then cautions; empty when the lexicons cannot be read. */
  changes: LexiconChange[]
}

const ORDER: readonly Impact[] = ['breaking', 'caution', 'fine']

/** Compares `lexicons/` with what it was at `ref`. @throws UsageError for a ref that does not exist */
export async function diffLexicons(root: string, ref: string): Promise<DiffResult> {
  const old = lexiconsAt(root, ref)
  const { project, diagnostics, lexicons, collections } = await loadChecked(root)
  if (!lexicons) return { diagnostics: diagnostics.filter((one) => hasErrors([one])), changes: [] }
  const { locate } = await import('../check/positions.ts')
  const texts = new Map(project.lexicons.map(({ nsid, text }) => [nsid, text]))
  const affected = handlerFinder(old, project.lexicons, project.handlers)
  const base = project.base?.lexicons ?? []
  const tables = [tableOf([...base, ...old]), tableOf([...base, ...project.lexicons])] as const
  const touched = collectionFinder(...tables, collections)
  const changes = compareTrees(old, project.lexicons).map((change): LexiconChange => {
    const { impact, nsid, def, at, message } = change
    const text = texts.get(nsid)
    return {
      impact,
      nsid,
      file: lexiconPath(nsid),
      ...(text !== undefined && locate(text, at)),
      path: at.join('.'),
      message,
      handlers: affected(nsid, def),
      collections: touched(change),
    }
  })
  changes.sort((a, b) => ORDER.indexOf(a.impact) - ORDER.indexOf(b.impact))
  return { diagnostics: [], changes }
}

/**
 * Finds the handlers that a def concerns: those whose method refers to it, in either version, and those
 * that import the types of its lexicon.
 */
function handlerFinder(
  old: readonly LexiconFile[],
  now: readonly LexiconFile[],
  handlers: readonly HandlerFile[],
): (nsid: string, def: string) => string[] {
  const tables = [tableOf(old), tableOf(now)]
  const reach = handlers.map(({ path, nsid, text }) => ({
    path,
    text,
    defs: tables.map((table) => closure([`${nsid}#main`], table)),
  }))
  return (nsid, def) =>
    reach
      .filter(
        ({ defs, text }) =>
          defs.some((set) => set.has(`${nsid}#${def}`)) ||
          text.includes(`'#types/${nsidToPath(nsid)}'`),
      )
      .map(({ path }) => path)
}
