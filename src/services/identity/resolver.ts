import { isValidHandle, normalizeHandle } from '@atproto/syntax'
import type { Description } from '../../durable/account.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import { isPublicHost } from '../../kernel/net/address.ts'
import type { Fetch } from '../../kernel/net/guarded-fetch.ts'
import type { Outcome } from '../objects/result.ts'
import { type DidDocument, handleOf } from './did-document.ts'
import { accountDocument, serverDocument } from './documents.ts'
import { IdentityError } from './identity-error.ts'
import { LookupCache } from './lookup-cache.ts'
import { type Asking, askDid, type DidAnswer } from './resolve-did.ts'
import { askHandle } from './resolve-handle.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const NEGATIVE = { fresh: MINUTE, stale: MINUTE }

/** Per isolate: so many entries, and so many characters of DID documents, which take a multiple in memory. */
const MAX_ENTRIES = 5_000
const MAX_CHARACTERS = 4 * 1024 * 1024

/** What an isolate remembers of the network, from request to request. */
export class IdentityMemory {
  readonly dids = new LookupCache<DidAnswer>({
    maxEntries: MAX_ENTRIES,
    maxWeight: MAX_CHARACTERS,
    weigh: (answer) => ('document' in answer ? answer.size : 0),
    lifetime: (answer) => ('document' in answer ? { fresh: HOUR, stale: 24 * HOUR } : NEGATIVE),
  })
  readonly handles = new LookupCache<string | undefined>({
    maxEntries: MAX_ENTRIES,
    maxWeight: Number.POSITIVE_INFINITY,
    weigh: () => 0,
    lifetime: (did) => (did ? { fresh: 10 * MINUTE, stale: 24 * HOUR } : NEGATIVE),
  })
}

export interface ResolverParts {
  config: Pick<
    Config,
    'plcUrl' | 'dohUrl' | 'reachPrivate' | 'handleDomains' | 'serviceDid' | 'publicUrl'
  >
  memory: IdentityMemory
  /** Who of this host's accounts has this handle or DID. */
  findResident(handleOrDid: string): Promise<{ did: string } | undefined>
  /** What the object of an account of this host says of it. */
  describe(did: string): Promise<Outcome<Description>>
  later(work: Promise<unknown>): void
  log: Pick<Logger, 'info'>
  fetch?: Fetch
}

export interface ResolveOptions {
  /** Asks the network now, whatever is remembered. */
  fresh?: boolean
}

/**
 * Who is who (atproto handle and DID specifications). Accounts of this host are known without the network;
 * did:plc documents are the directory's, wherever the account lives. One per request, since a request has
 * to be kept alive while others wait for what it fetches; what was learned is kept per isolate.
 *
 * `@atproto/identity` needs Node (undici, dns) for the same, and its cache neither bounds memory nor joins
 * look-ups.
 */
export class IdentityResolver {
  readonly #parts: ResolverParts
  readonly #asking: Asking

  constructor(parts: ResolverParts) {
    this.#parts = parts
    const { plcUrl, dohUrl, reachPrivate } = parts.config
    this.#asking = { plcUrl, dohUrl, reachPrivate, fetch: parts.fetch }
  }

  /**
   * The document of a did:plc or did:web. Its handle is only claimed; see `verifiedHandle`.
   *
   * @throws IdentityError `did-not-found`, `did-deactivated`, `unreachable`
   */
  async did(did: string, { fresh }: ResolveOptions = {}): Promise<DidDocument> {
    const { config, memory, later } = this.#parts
    if (did === config.serviceDid && did.startsWith('did:web:')) return serverDocument(config)
    if (did.startsWith('did:web:') && this.#isOwnName(did.slice('did:web:'.length))) {
      return this.#ownDocument(did)
    }
    const answer = await memory.dids.get(did, () => askDid(did, this.#asking), { fresh, later })
    if ('document' in answer) return answer.document
    throw new IdentityError(answer.missing, `${answer.message}: ${did}`)
  }

  /**
   * The DID that a handle leads to, or undefined: there is none, or it cannot be found out now. Whether the DID
   * agrees is another question; see `verifiedHandle`.
   */
  async handle(handle: string, { fresh }: ResolveOptions = {}): Promise<string | undefined> {
    if (!isValidHandle(handle)) return undefined
    const name = normalizeHandle(handle)
    const { config, memory, later, log, findResident } = this.#parts
    const resident = await findResident(name)
    if (resident) return resident.did
    if (this.#isOwnName(name)) return undefined
    if (!config.reachPrivate && !isPublicHost(name)) return undefined
    try {
      const ask = () => askHandle(name, this.#asking)
      return await memory.handles.get(name, ask, { fresh, later })
    } catch (error) {
      log.info('handle could not be looked up', { handle: name, reason: String(error) })
      return undefined
    }
  }

  /** The handle that a document claims, if that handle leads back to its DID. */
  async verifiedHandle(
    document: DidDocument,
    options?: ResolveOptions,
  ): Promise<string | undefined> {
    const claimed = handleOf(document)
    if (claimed === undefined || !isValidHandle(claimed)) return undefined
    const did = await this.handle(claimed, options)
    return did === document.id ? normalizeHandle(claimed) : undefined
  }

  /**
   * Everything about a handle or DID, checked in both directions: the handle is `handle.invalid` when the
   * document claims none, or one that leads elsewhere.
   *
   * @throws IdentityError of any kind
   */
  async identify(
    handleOrDid: string,
    { fresh }: ResolveOptions = {},
  ): Promise<{ did: string; handle: string; didDoc: DidDocument }> {
    const isDid = handleOrDid.startsWith('did:')
    const did = isDid ? handleOrDid : await this.handle(handleOrDid, { fresh })
    if (did === undefined) throw new IdentityError('handle-not-found', 'Unable to resolve handle')
    let didDoc = await this.did(did, { fresh })
    let handle = await this.verifiedHandle(didDoc, { fresh })
    if (handle === undefined && !fresh && (await this.#parts.findResident(did))) {
      // An account of ours may have got a new handle through another isolate.
      didDoc = await this.did(did, { fresh: true })
      handle = await this.verifiedHandle(didDoc)
    }
    return { did, handle: handle ?? 'handle.invalid', didDoc }
  }

  /** After a change made here: what this isolate remembers of a handle or DID is out of date. */
  forget(handleOrDid: string): void {
    const { dids, handles } = this.#parts.memory
    const cache = handleOrDid.startsWith('did:') ? dids : handles
    cache.forget(handleOrDid)
  }

  /** Whether names like this are given out by this host, so that nobody else knows more about it. */
  #isOwnName(host: string): boolean {
    return this.#parts.config.handleDomains.some((domain) => host.endsWith(domain))
  }

  async #ownDocument(did: string): Promise<DidDocument> {
    const { config, findResident, describe } = this.#parts
    if (!(await findResident(did))) {
      throw new IdentityError('did-not-found', `There is no such DID: ${did}`)
    }
    const described = await describe(did)
    if (described.ok) return accountDocument(described.value, config.publicUrl)
    throw new IdentityError('did-deactivated', `The DID is deactivated: ${did}`)
  }
}
