/**
 * Whether anything is different from what it was when a run last found nothing to say and nothing to do. By content, not
 * by time: what is compared is a hash of all that a run reads, of the code that it runs, and of what it has written. It
 * saves the loading of the generator, which is half of such a run.
 */
import { createHash, type Hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseFolder } from './base.ts'
import { readCache, writeCache } from './cache.ts'
import {
  APP,
  builtPath,
  COLLECTIONS,
  GENERATED,
  HANDLERS,
  JOBS,
  LEXICONS,
  POLICY,
  packageRoot,
} from './layout.ts'
import { packageVersion } from './packages.ts'
import { byCodeUnits, isMissing } from './tree.ts'

const NAME = 'unchanged'

/** What of a project is read and written, and what of the package that it builds on. */
const PROJECT = [LEXICONS, HANDLERS, COLLECTIONS, JOBS, APP, GENERATED, POLICY, 'package.json']
const BASE = [LEXICONS, HANDLERS]

/** The generator, and what of the server it imports. */
export const CODE = [
  'codegen',
  'src/durable/jobs/schedule.ts',
  'src/kernel/app-tables.ts',
  'src/kernel/sql-text.ts',
  'src/routing/decide.ts',
  'src/routing/policy.ts',
  'src/server/auth/policy.ts',
  'src/services/lexicons/depth.ts',
  'src/services/lexicons/grammar.ts',
]

/** Packages that decide what is found. */
export const PACKAGES = [
  '@atproto/lexicon',
  '@atproto/syntax',
  'croner',
  'jsonc-parser',
  'ts-morph',
]

/** The state of a project, before a run. */
export class ProjectState {
  readonly #root: string
  readonly #id: string

  constructor(root: string) {
    this.#root = root
    this.#id = idOf(root)
  }

  /** Whether an earlier run found that in this state there is nothing to say and nothing to do. */
  get isSettled(): boolean {
    return readCache(this.#root, NAME, this.#id).settled === true
  }

  /** Remembers that there is nothing, provided that the project is still as it was. */
  settle(): void {
    if (idOf(this.#root) === this.#id) writeCache(this.#root, NAME, this.#id, { settled: true })
  }
}

function idOf(root: string): string {
  const hash = createHash('sha256')
  const versions = PACKAGES.map((name) => `${name}@${packageVersion(name)}`)
  hash.update([process.version, ...versions].join())
  const base = baseFolder(root)
  addAll(hash, root, PROJECT)
  if (base !== undefined) addAll(hash, base, BASE)
  addAll(hash, packageRoot, CODE.map(builtPath))
  return hash.digest('hex')
}

/** Adds files and folders with all that is in them, by their names and their bytes; what is not there is nothing. */
function addAll(hash: Hash, root: string, paths: readonly string[]): void {
  hash.update(`\0\0${paths.length}`)
  for (const path of paths) {
    try {
      addFolder(hash, join(root, path), path)
    } catch (error) {
      if (isMissing(error)) continue
      if (!isNoFolder(error)) throw error
      add(hash, path, readFileSync(join(root, path)))
    }
  }
}

function addFolder(hash: Hash, folder: string, name: string): void {
  const entries = readdirSync(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => byCodeUnits(a.name, b.name))) {
    const [path, below] = [`${folder}/${entry.name}`, `${name}/${entry.name}`]
    if (entry.isDirectory()) addFolder(hash, path, below)
    else if (entry.isFile()) add(hash, below, readFileSync(path))
    // Where a symbolic link leads decides, too, and anything may be there: a project with one is never settled.
    else add(hash, below, crypto.getRandomValues(new Uint8Array(16)))
  }
}

/** Names and contents of any bytes, so that no two lists of files come to the same. */
function add(hash: Hash, name: string, content: Uint8Array): void {
  hash.update(`\0${Buffer.byteLength(name)} ${content.byteLength}\0${name}`)
  hash.update(content)
}

const isNoFolder = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
