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

/** Names the code that makes type files: when it changes, all of them are made again. */
export const generatorId = (): string =>
  `lex-cli ${packageVersion('@atproto/lex-cli')}, ${shortHash(readFileSync(join(import.meta.dirname, 'annotate.ts'), 'utf8'))}`

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
