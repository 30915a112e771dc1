/**
 * `src/generated/manifest.json`: for each type file, a hash of the lexicon it was made from and one of
 * what was made. With it a run knows which types are up to date without asking lex-cli, and a hand edit
 * is seen. One line per lexicon, so that merges take or leave a whole entry.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { banner } from '../banner.ts'
import { GENERATED, LEXICONS } from '../layout.ts'
import { shortHash } from '../load.ts'
import { packageVersion } from '../packages.ts'
import { byCodeUnits } from '../tree.ts'

export const MANIFEST = `${GENERATED}/manifest.json`

/** NSID → "<hash of the lexicon> <hash of its types>". */
export interface Manifest {
  /** What turned the one into the other. */
  generator: string
  util: string
  types: Record<string, string>
}

/** What decides whether a lexicon is good, and what its types are. */
const DECIDING = [
  'annotate.ts',
  'prepare.ts',
  '../emit/quote.ts',
  '../escape-controls.ts',
  '../check/grammar.ts',
  '../check/lexicon.ts',
  '../check/shape.ts',
  '../check/size.ts',
  '../check/symbols.ts',
  '../../src/services/lexicons/grammar.ts',
]

/** Names the code that checks lexicons and makes type files: when it changes, all is done again. */
export function generatorId(): string {
  const code = DECIDING.map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
  return `lex-cli ${packageVersion('@atproto/lex-cli')}, ${shortHash(code.join())}`
}

/** Reads a manifest; one that is missing, broken or by another generator counts as empty. */
export function parseManifest(text: string | undefined, generator: string): Manifest {
  const empty: Manifest = { generator, util: '', types: {} }
  if (text === undefined) return empty
  try {
    const manifest: Manifest = JSON.parse(text)
    return manifest.generator === generator && manifest.types ? manifest : empty
  } catch {
    return empty
  }
}

export function printManifest({ generator, util, types }: Manifest): string {
  const sorted = Object.entries(types).sort(([a], [b]) => byCodeUnits(a, b))
  const body = { '//': banner(`${LEXICONS}/`), generator, util, types: Object.fromEntries(sorted) }
  return `${JSON.stringify(body, null, 2)}\n`
}
