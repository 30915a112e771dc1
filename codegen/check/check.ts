/** Second stage, pure: judges what was loaded, collects every complaint. */
import type { LexiconDoc } from '@atproto/lexicon'
import type { Diagnostic } from '../diagnostics.ts'
import type { Project } from '../load.ts'
import type { KnownTypes, Lexicon } from '../types/types.ts'

export interface Checked {
  /** Sorted by NSID; undefined when a lexicon has an error. */
  lexicons: Lexicon[] | undefined
  diagnostics: Diagnostic[]
}

export function check(project: Project, _known: KnownTypes): Checked {
  const lexicons = project.lexicons.map((file) => ({ ...file, doc: file.json as LexiconDoc }))
  return { lexicons, diagnostics: [] }
}
