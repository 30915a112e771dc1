/** Which lexicons have passed all checks of their own, by the hash of their text. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { codeId, readCache, writeCache } from '../cache.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { type LexiconFile, shortHash } from '../load.ts'
import { packageVersion } from '../packages.ts'

const NAME = 'lexicons'

/** What decides besides the files beside this one. */
const DECIDING = [
  '../emit/types/names.ts',
  '../../src/services/lexicons/depth.ts',
  '../../src/services/lexicons/grammar.ts',
]

/** The lexicons that an earlier run found nothing wrong with. */
export class Passed {
  readonly #root: string
  readonly #checks = checksId()
  readonly #known: Record<string, string>

  /** With `fresh`, none. */
  constructor(root: string, fresh = false) {
    this.#root = root
    this.#known = fresh ? {} : readCache<string>(root, NAME, this.#checks)
  }

  has(file: LexiconFile): boolean {
    return Object.hasOwn(this.#known, file.path) && this.#known[file.path] === shortHash(file.text)
  }

  /** Remembers the files that nothing was said about. */
  remember(files: readonly LexiconFile[], diagnostics: readonly Diagnostic[]): void {
    const told = new Set(diagnostics.map(({ file }) => file))
    const passed = files.filter(({ path, isElsewhere }) => !told.has(path) && !isElsewhere)
    const isNews = passed.length !== Object.keys(this.#known).length
    if (!isNews && passed.every((file) => this.has(file))) return
    const hashes = passed.map(({ path, text }) => [path, shortHash(text)])
    writeCache(this.#root, NAME, this.#checks, Object.fromEntries(hashes))
  }
}

function checksId(): string {
  const beside = readdirSync(import.meta.dirname).filter((name) => !/\.(test|d)\.ts$/.test(name))
  const files = [...beside, ...DECIDING].map((path) => join(import.meta.dirname, path))
  return codeId(files, packageVersion('@atproto/lexicon'), packageVersion('@atproto/syntax'))
}
