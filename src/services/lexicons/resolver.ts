import type { Config } from '../../kernel/config/config.ts'
import { lexicons as treeLexicons } from '../../kernel/lexicons.ts'
import type { Logger } from '../../kernel/log.ts'
import type { StoredLexicon } from '../../storage/directory/lexicons.ts'
import { LookupCache } from '../identity/lookup-cache.ts'
import { type Answer, answerFrom, answerOf, failed, lifetimeOf, rowOf } from './answer.ts'
import type { PublishedLexicon } from './document.ts'
import { type FetchParts, fetchLexicon } from './fetch-lexicon.ts'
import { LexiconError } from './lexicon-error.ts'
import { buildSchema, type LiveSchema } from './live-schema.ts'
import { ResolutionLimit } from './resolution-limit.ts'

/** Per isolate and cache: so many entries, and so many characters of lexicons. */
const MAX_ENTRIES = 500
const MAX_CHARACTERS = 4 * 1024 * 1024

/** How long a caller waits, ms. What goes on behind the scenes serves the next. */
const LOOKUP_TIMEOUT = 3_000

type SchemaAnswer = { schema: LiveSchema; until: number } | { error: LexiconError; until: number }

/** Resolved lexicons, cached per isolate. */
export class LexiconCache {
  readonly documents: LookupCache<Answer>
  readonly schemas: LookupCache<SchemaAnswer>
  readonly limit: ResolutionLimit

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
    this.limit = new ResolutionLimit(now)
  }
}

export interface LexiconResolverParts {
  config: Pick<Config, 'lexiconTtl' | 'dohUrl' | 'reachPrivate'>
  cache: LexiconCache
  /** The cache of the host, behind that of the isolate. */
  store: {
    find(nsid: string): Promise<StoredLexicon | undefined>
    put(row: StoredLexicon): Promise<void>
  }
  document: FetchParts['document']
  ownProof?: FetchParts['ownProof']
  waitUntil(work: Promise<unknown>): void
  log: Pick<Logger, 'info'>
  network: FetchParts['network']
  now?: () => number
}

/** On whose account something is looked up: a DID, or the address of somebody who is not signed in. */
type Caller = string

/**
 * Lexicons from the network, cached per isolate and in the directory's storage.
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
    const answer = await withTimeout(this.#document(nsid, caller))
    if ('error' in answer) throw answer.error
    return answer.published
  }

  /** What records of a collection are validated with. @throws LexiconError */
  async schema(collection: string, caller: Caller): Promise<LiveSchema> {
    const { cache, waitUntil } = this.#parts
    const build = () => this.#build(collection, caller)
    const answer = await withTimeout(cache.schemas.get(collection, build, { waitUntil }))
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
    const { cache, waitUntil } = this.#parts
    return cache.documents.get(nsid, () => this.#stored(nsid, caller), { waitUntil })
  }

  async #stored(nsid: string, caller: Caller): Promise<Answer> {
    const { store, config, waitUntil } = this.#parts
    const row = await store.find(nsid)
    const answer = row && answerFrom(row, config.lexiconTtl, this.#now())
    if (!answer) return this.#fetch(nsid, caller)
    if (answer.isOld) waitUntil(this.#fetch(nsid, caller, row))
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
    const { limit } = this.#parts.cache
    const busy = new LexiconError('busy', 'Too many lexicons are being looked up')
    if (!limit.take(caller)) return busy
    const { config, document, ownProof, network } = this.#parts
    const { dohUrl, reachPrivate } = config
    const settings = { dohUrl, reachPrivate, document, ownProof, network }
    try {
      return (await limit.run(() => fetchLexicon(nsid, settings))) ?? busy
    } catch (error) {
      if (error instanceof LexiconError) return error
      throw error
    }
  }
}

/** @throws LexiconError `unavailable` when it takes too long */
async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    const late = () => reject(new LexiconError('unavailable', 'It took too long to look it up'))
    timer = setTimeout(late, LOOKUP_TIMEOUT)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
