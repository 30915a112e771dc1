/** Puts new names in the place of old ones in texts: NSIDs, paths that stand for them, and paths between files. Pure. */
import { posix } from 'node:path'
import { nsidToPath } from '../layout.ts'
import type { Plan, Renames } from './names.ts'

const { dirname, join, relative } = posix

/** Where files are, relative to the root, before and after. */
export interface Moves {
  /** Every file of the project. */
  files: ReadonlySet<string>
  /** New path by old one, of those that move. */
  moved: ReadonlyMap<string, string>
}

/** Extensions that an import may leave out. */
const LEFT_OUT = ['.ts', '.tsx', '.js', '.json']

/** A path to another file, in quotes; an NSID, and no part of a longer one; a path that stands for one. */
const RELATIVE = /(?<quote>['"`])(?<path>\.{1,2}\/[^'"`\s$]*)\k<quote>/.source
/** @param goesOn whether it may be the beginning of a longer one */
const nsidPattern = (nsids: string, goesOn: boolean) =>
  `(?<![A-Za-z0-9.-])(?<nsid>${nsids})(?![A-Za-z0-9-]${goesOn ? '' : '|\\.[A-Za-z]'})`
const pathPattern = (paths: string, goesOn: boolean) =>
  `(?<![A-Za-z0-9._-])(?<stands>${paths})(?![A-Za-z0-9_${goesOn ? '' : '/'}-])`

const SOURCE = /\.[cm]?[jt]sx?$/

export class Replacer {
  readonly #renames: Renames
  readonly #moves: Moves
  readonly #names: RegExp
  readonly #all: RegExp

  constructor({ renames, namespace }: Plan, moves: Moves) {
    const pairs = namespace ? [[namespace.old, namespace.now] as const] : [...renames]
    this.#renames = new Map([
      ...pairs,
      ...pairs.map(([old, now]) => [nsidToPath(old), nsidToPath(now)] as const),
    ])
    this.#moves = moves
    const nsids = pairs.map(([old]) => old).sort((a, b) => b.length - a.length)
    const names = [
      nsidPattern(nsids.map(literal).join('|'), namespace !== undefined),
      pathPattern(
        nsids.map((nsid) => literal(nsidToPath(nsid))).join('|'),
        namespace !== undefined,
      ),
    ].join('|')
    this.#names = new RegExp(names, 'g')
    this.#all = new RegExp(`${RELATIVE}|${names}`, 'g')
  }

  /** The text of a file as it is to be, and in how many places it differs. @param path where it is now */
  replace(path: string, text: string): { text: string; count: number } {
    let count = 0
    const isSource = SOURCE.test(path)
    const replaced = text.replace(isSource ? this.#all : this.#names, (found, ...rest) => {
      const groups = rest.at(-1) as Record<string, string | undefined>
      const now = groups.path === undefined ? this.#name(found) : this.#quoted(path, groups)
      if (now !== found) count++
      return now
    })
    return { text: replaced, count }
  }

  #name(found: string): string {
    return this.#renames.get(found) ?? found
  }

  #quoted(from: string, { quote = '', path = '' }: Record<string, string | undefined>): string {
    const now = this.#relative(from, path) ?? path.replace(this.#names, (name) => this.#name(name))
    return quote + now + quote
  }

  /** A path from a file as it is to be; undefined where it leads to nothing here. */
  #relative(from: string, path: string): string | undefined {
    const { files, moved } = this.#moves
    const here = dirname(moved.get(from) ?? from)
    const target = join(dirname(from), path)
    for (const left of ['', ...LEFT_OUT]) {
      const file = target + left
      if (!files.has(file)) continue
      const now = moved.get(file) ?? file
      if (now === file && here === dirname(from)) return path
      return dotted(relative(here, now.slice(0, now.length - left.length)))
    }
    const folder = target.replace(/\/$/, '')
    if (here === dirname(from) || ![...files].some((file) => file.startsWith(`${folder}/`))) {
      return undefined
    }
    return dotted(relative(here, folder)) + (path.endsWith('/') ? '/' : '')
  }
}

const dotted = (path: string): string => (path.startsWith('.') ? path : `./${path}`)

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
