import { lexicons as treeLexicons } from '../../generated/lexicons.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { StoredLexicon } from '../../storage/directory/lexicons.ts'
import { LookupCache } from '../identity/lookup-cache.ts'
import { type Answer, answerFrom, answerOf, failed, lifetimeOf, rowOf } from './answer.ts'
import type { PublishedLexicon } from './document.ts'
import { type FetchParts, fetchLexicon } from './fetch-lexicon.ts'
import { LexiconError } from './lexicon-error.ts'
import { buildSchema, type LiveSchema } from './live-schema.ts'
import { Allowance } from './resolution-limit.ts'

/** Per isolate and cache: so many entries, and so many characters of lexicons. */
const MAX_ENTRIES = 500
const MAX_CHARACTERS = 4 * 1024 * 1024

/** How long a caller waits, ms. What goes on behind the scenes serves the next. */
const PATIENCE = 3_000

type SchemaAnswer = { schema: LiveSchema; until: number } | { error: LexiconError; until: number }

/** What an isolate remembers of resolved lexicons, from request to request. */
export class LexiconMemory {
  readonly documents: LookupCache<Answer>
  readonly schemas: LookupCache<SchemaAnswer>
  readonly allowance: Allowance

  constructor({ lexiconTtl }: Pick<Config, 'lexiconTtl'>, now: () => number = Date.now) {
    const limits = { maxEntries: MAX_ENTRIES, maxWeight: MAX_CHARACTERS, now }
    const lifetime = (answer: { until: number }) => lifetimeOf(answer, lexiconTtl, now())
    this.documents = new LookupCache<Answer>({
      ...limits,
      lifetime,
      weigh: (answer) => ('published' in answer ? answer.published.json.length : 0),
    })
    this.schemas = new LookupCache<SchemaAnswer>({
      ...limits,
      lifetime,
      weigh: (answer) => ('schema' in answer ? answer.schema.size : 0),
    })
    this.allowance = new Allowance(now)
  }
}

export interface LexiconResolverParts {
  config: Pick<Config, 'lexiconTtl' | 'dohUrl' | 'reachPrivate'>
  memory: LexiconMemory
  /** What the host remembers; memory in front of it is an isolate's. */
  store: {
    find(nsid: string): Promise<StoredLexicon | undefined>
    put(row: StoredLexicon): Promise<void>
  }
  document: FetchParts['document']
  ownProof?: FetchParts['ownProof']
  later(work: Promise<unknown>): void
  log: Pick<Logger, 'info'>
  fetch?: FetchParts['fetch']
  now?: () => number
}

/** On whose account something is looked up: a DID, or the address of somebody who is not signed in. */
type Caller = string

/**
 * Lexicons from the network, kept in the isolate's memory and in the directory's storage. One per request,
 * like `IdentityResolver`, and for the same reason.
 */
export class LexiconResolver {
  readonly #parts: LexiconResolverParts
  readonly #now: () => number

  constructor(parts: LexiconResolverParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** The lexicon that is published under a name. @throws LexiconError */
  async lexicon(nsid: string, caller: Caller): Promise<PublishedLexicon> {
    const answer = await inTime(this.#document(nsid, caller))
    if ('error' in answer) throw answer.error
    return answer.published
  }

  /** What records of a collection are validated with. @throws LexiconError */
  async schema(collection: string, caller: Caller): Promise<LiveSchema> {
    const { memory, later } = this.#parts
    const build = () => this.#build(collection, caller)
    const answer = await inTime(memory.schemas.get(collection, build, { later }))
    if ('error' in answer) throw answer.error
    return answer.schema
  }

  async #build(collection: string, caller: Caller): Promise<SchemaAnswer> {
    const look = (nsid: string) => this.#document(nsid, caller)
    try {
      const schema = await buildSchema(collection, treeLexicons(), look, this.#now)
      return { schema, until: schema.until }
    } catch (error) {
      if (!(error instanceof LexiconError)) throw error
      return failed(error, this.#now())
    }
  }

  /** From memory, storage or the network. Rejects only when the storage fails. */
  #document(nsid: string, caller: Caller): Promise<Answer> {
    const { memory, later } = this.#parts
    return memory.documents.get(nsid, () => this.#stored(nsid, caller), { later })
  }

  async #stored(nsid: string, caller: Caller): Promise<Answer> {
    const { store, config, later } = this.#parts
    const row = await store.find(nsid)
    const answer = row && answerFrom(row, config.lexiconTtl, this.#now())
    if (!answer) return this.#fetch(nsid, caller)
    if (answer.isOld) later(this.#fetch(nsid, caller, row))
    return answer
  }

  /** Asks the network and keeps the answer; `before`, if it is there, unless it is certain that it is gone. */
  async #fetch(nsid: string, caller: Caller, before?: StoredLexicon): Promise<Answer> {
    const { config, store, log } = this.#parts
    const result = await this.#ask(nsid, caller)
    if (result instanceof LexiconError) {
      log.info('lexicon not resolved', { nsid, reason: result.message })
      const keeps = before !== undefined && result.kind !== 'not-found'
      if (keeps || result.kind === 'busy') return failed(result, this.#now())
    }
    await store.put(rowOf(nsid, result, this.#now()))
    return answerOf(result, config.lexiconTtl, this.#now())
  }

  async #ask(nsid: string, caller: Caller): Promise<PublishedLexicon | LexiconError> {
    const { allowance } = this.#parts.memory
    const busy = new LexiconError('busy', 'Too many lexicons are being looked up')
    if (!allowance.take(caller)) return busy
    const { config, document, ownProof, fetch } = this.#parts
    const { dohUrl, reachPrivate } = config
    const asking = { dohUrl, reachPrivate, document, ownProof, fetch }
    try {
      return (await allowance.run(() => fetchLexicon(nsid, asking))) ?? busy
    } catch (error) {
      if (error instanceof LexiconError) return error
      throw error
    }
  }
}

/** @throws LexiconError `unavailable` when it takes too long */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<never>((_, reject) => {
    const late = () => reject(new LexiconError('unavailable', 'It took too long to look it up'))
    timer = setTimeout(late, PATIENCE)
  })
  try {
    return await Promise.race([work, patience])
  } finally {
    clearTimeout(timer)
  }
}
