/**
 * `docs.txt`: the lexicons in full, for the pages below `/docs`. A module of text of its own, which the Worker reads only
 * when somebody opens these pages: with its prose, it is as large as a tenth of all code.
 */
import { banner } from '../banner.ts'
import { GENERATED, LEXICONS } from '../layout.ts'
import type { Lexicon } from '../load.ts'
import type { PlannedFile } from '../write.ts'

/** The banner, and a line of JSON for each lexicon: its defs. */
export function emitDocs(lexicons: readonly Lexicon[]): PlannedFile {
  const lines = lexicons.map(({ nsid, doc }) => `${nsid} ${JSON.stringify(doc.defs)}\n`)
  return { path: `${GENERATED}/docs.txt`, code: `${banner(`${LEXICONS}/`)}\n${lines.join('')}` }
}
