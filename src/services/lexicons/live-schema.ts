/** Putting together what a record is validated with: its lexicon, and those that it refers to. */
import type { Lexicons, LexRecord } from '@atproto/lexicon'
import { isValidNsid } from '@atproto/syntax'
import { RecordLexicons } from '../../kernel/record-lexicons.ts'
import type { Answer } from './answer.ts'
import { parseRecord, type SchemaRecord } from './document.ts'
import { LexiconError } from './lexicon-error.ts'
import { type Reference, referencesIn } from './references.ts'

/** How much one collection may bring along: lexicons, characters of them, and time for all, ms. */
const MAX_DOCUMENTS = 50
const MAX_CHARACTERS = 1024 * 1024
const MAX_TIME = 10_000

/** Lexicons that are fetched at once; a Worker has six connections. */
const AT_ONCE = 4

/** What records of a collection are validated with. */
export interface LiveSchema {
  lexicons: Lexicons
  def: LexRecord
  /** Characters of the lexicons that were resolved. */
  size: number
  /** ms since 1970; the first of its parts is to be renewed then. */
  until: number
}

/**
 * Resolves a collection's lexicon and whatever its records can refer to, definition by definition: what a
 * lexicon has besides is not fetched. References that lead nowhere, or beyond the bounds, are left open;
 * validating fails with `LexiconDefNotFoundError` where a record needs them.
 *
 * @param look never rejects
 * @throws LexiconError when the collection's own lexicon cannot be resolved, or is not of a record
 */
export async function buildSchema(
  collection: string,
  tree: Lexicons,
  look: (nsid: string) => Promise<Answer>,
  now: () => number = Date.now,
): Promise<LiveSchema> {
  const deadline = now() + MAX_TIME
  const gathering = new Gathering(tree)
  const first = await look(collection)
  if ('error' in first) throw first.error
  gathering.add(collection, first)
  let wanted = gathering.follow([{ nsid: collection, name: 'main' }])
  while (wanted.length > 0 && gathering.hasRoom && now() < deadline) {
    const batch = [...new Set(wanted.map(({ nsid }) => nsid))].slice(0, AT_ONCE)
    await Promise.all(batch.map(async (nsid) => gathering.add(nsid, await look(nsid))))
    wanted = gathering.follow(wanted)
  }
  return gathering.finish(collection)
}

/** The lexicons that were found so far, and what they refer to. */
class Gathering {
  readonly #tree: Lexicons
  readonly #documents = new Map<string, SchemaRecord>()
  readonly #asked = new Set<string>()
  readonly #seen = new Set<string>()
  #size = 0
  #until = Number.POSITIVE_INFINITY

  constructor(tree: Lexicons) {
    this.#tree = tree
  }

  get hasRoom(): boolean {
    return this.#asked.size < MAX_DOCUMENTS && this.#size < MAX_CHARACTERS
  }

  add(nsid: string, answer: Answer): void {
    this.#asked.add(nsid)
    this.#until = Math.min(this.#until, answer.until)
    if ('error' in answer) return
    this.#size += answer.published.json.length
    this.#documents.set(nsid, parseRecord(answer.published))
  }

  /** Goes from definition to definition as far as possible; returns those whose lexicons are to be asked for. */
  follow(references: readonly Reference[]): Reference[] {
    const wanted: Reference[] = []
    const queue = [...references]
    for (let next = queue.pop(); next; next = queue.pop()) {
      const { nsid, name } = next
      const id = `${nsid}#${name}`
      if (this.#seen.has(id)) continue
      const defs = this.#documents.get(nsid)?.defs ?? {}
      const def = Object.hasOwn(defs, name) ? defs[name] : undefined
      // Of its own definitions the tree has whatever they refer to.
      const isKnown = def !== undefined || this.#tree.getDef(id) !== undefined
      if (!isKnown && !this.#asked.has(nsid) && isValidNsid(nsid)) {
        wanted.push(next)
        continue
      }
      this.#seen.add(id)
      if (def) queue.push(...referencesIn(def, nsid))
    }
    return wanted
  }

  /** @throws LexiconError `invalid` */
  finish(collection: string): LiveSchema {
    // Before those of the tree: third parties can refer to both.
    const lexicons = new RecordLexicons([], this.#tree)
    for (const document of this.#documents.values()) {
      try {
        lexicons.add(document)
      } catch {
        // It has a reference that is no name, and is as good as missing.
      }
    }
    const def = lexicons.getDef(collection)
    if (def?.type !== 'record') {
      throw new LexiconError('invalid', `${collection} is published, but is no record type`)
    }
    return { lexicons, def, size: this.#size, until: this.#until }
  }
}
