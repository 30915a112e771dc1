import { isValidHandle, normalizeHandle } from '@atproto/syntax'
import { XRPCError } from '@atproto/xrpc-server'
import type { AccountIdentity } from '../../contracts/account/repository.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import { isPublicHost } from '../../kernel/net/address.ts'
import type { Network } from '../../kernel/net/network.ts'
import type { AccountStatus } from '../../storage/account/profile.ts'
import { askAppView } from './ask-appview.ts'
import { type DidDocument, handleOf } from './did-document.ts'
import { accountDocument, serverDocument } from './documents.ts'
import { IdentityError } from './identity-error.ts'
import { LookupCache } from './lookup-cache.ts'
import type { OperatorNames } from './operator-names.ts'
import { type DidAnswer, type ResolutionSettings, resolveDid } from './resolve-did.ts'
import { resolveHandle } from './resolve-handle.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const NEGATIVE = { fresh: MINUTE, stale: MINUTE }

/** Per isolate: so many entries, and so many characters of DID documents, which take a multiple in memory. */
const MAX_ENTRIES = 5_000
const MAX_CHARACTERS = 4 * 1024 * 1024

/** What was learned from the network, cached per isolate. */
export class IdentityCache {
  readonly dids = new LookupCache<DidAnswer>({
    maxEntries: MAX_ENTRIES,
    maxWeight: MAX_CHARACTERS,
    weigh: (answer) => ('document' in answer ? answer.size : 0),
    lifetime: (answer) => ('document' in answer ? { fresh: HOUR, stale: 24 * HOUR } : NEGATIVE),
  })
  readonly handles = cacheOfHandles()
  /** As the AppView has them. */
  readonly remoteHandles = cacheOfHandles()
}

const cacheOfHandles = () =>
  new LookupCache<string | undefined>({
    maxEntries: MAX_ENTRIES,
    maxWeight: Number.POSITIVE_INFINITY,
    weigh: () => 0,
    lifetime: (did) => (did ? { fresh: 10 * MINUTE, stale: 24 * HOUR } : NEGATIVE),
  })

export interface ResolverParts {
  config: Pick<Config, 'plcUrl' | 'dohUrl' | 'reachPrivate' | 'handleDomains'> &
    Pick<Config, 'serviceDid' | 'publicUrl' | 'appview'>
  /** Names under the host's own domains that are somebody else's all the same. */
  operatorNames: Pick<OperatorNames, 'hasHandle'>
  cache: IdentityCache
  /** The account of this host with this handle or DID. */
  findAccount(handleOrDid: string): Promise<{ did: string } | undefined>
  /** What the object of an account of this host says of it. @throws XRPCError */
  identify(did: string): Promise<AccountIdentity>
  /** Its status alone, which is known also where its signing key cannot be read. @throws XRPCError */
  statusOf(did: string): Promise<AccountStatus>
  waitUntil(work: Promise<unknown>): void
  log: Pick<Logger, 'info'>
  network: Network
}

export interface ResolveOptions {
  /** Asks the network now, whatever is cached. */
  fresh?: boolean
  /** Asks the network also for names of accounts here that are not under this host's domains. */
  onNetwork?: boolean
  /** Handles of accounts here lead to nobody while these are not active. */
  activeOnly?: boolean
  /** DID of an account that is known to be active: it is not asked again. */
  active?: string
}

/**
 * Who is who (atproto handle and DID specifications). Accounts of this host are known without the network;
 * did:plc documents are the directory's, wherever the account lives. What was learned is cached per
 * isolate; the request that fetches something is kept alive (`waitUntil`), as others may wait for the same.
 *
 * `@atproto/identity` needs Node (undici, dns) for the same, and its cache neither bounds memory nor joins
 * look-ups.
 */
export class IdentityResolver {
  readonly #parts: ResolverParts
  readonly #settings: ResolutionSettings

  constructor(parts: ResolverParts) {
    this.#parts = parts
    const { plcUrl, dohUrl, reachPrivate } = parts.config
    this.#settings = { plcUrl, dohUrl, reachPrivate, network: parts.network }
  }

  /**
   * The document of a did:plc or did:web. Its handle is only claimed; see `verifiedHandle`.
   *
   * @throws IdentityError `did-not-found`, `did-deactivated`, `unreachable`
   */
  async did(did: string, { fresh }: ResolveOptions = {}): Promise<DidDocument> {
    const { config, cache, waitUntil } = this.#parts
    if (did === config.serviceDid && did.startsWith('did:web:')) return serverDocument(config)
    const own = await this.#ownDocument(did)
    if (own) return own
    const answer = await cache.dids.get(did, () => resolveDid(did, this.#settings), {
      fresh,
      waitUntil,
    })
    if ('document' in answer) return answer.document
    throw new IdentityError(answer.missing, `${answer.message}: ${did}`)
  }

  /**
   * The DID that a handle leads to, or undefined: there is none, or it cannot be found out now. Whether the DID
   * agrees is another question; see `verifiedHandle`.
   */
  async handle(
    handle: string,
    { fresh, onNetwork, activeOnly, active }: ResolveOptions = {},
  ): Promise<string | undefined> {
    if (!isValidHandle(handle)) return undefined
    const name = normalizeHandle(handle)
    const { config, operatorNames, cache, waitUntil, log, findAccount } = this.#parts
    if (!onNetwork || this.#isOwnName(name)) {
      const account = await findAccount(name)
      if (account) {
        const { did } = account
        return !activeOnly || did === active || (await this.#isActive(did)) ? did : undefined
      }
    }
    // The name of a service that the operator runs is not given out by this host, which knows nothing of it.
    if (this.#isOwnName(name) && !operatorNames.hasHandle(name)) return undefined
    if (!config.reachPrivate && !isPublicHost(name)) return undefined
    try {
      const ask = () => resolveHandle(name, this.#settings)
      return await cache.handles.get(name, ask, { fresh, waitUntil })
    } catch (error) {
      log.info('handle could not be looked up', { handle: name, reason: String(error) })
      return undefined
    }
  }

  /**
   * The DID that the AppView says a handle leads to, where this host cannot find it out itself; undefined as `handle`.
   * It is not proof.
   */
  async handleByAppView(handle: string): Promise<string | undefined> {
    const { config, cache, waitUntil, log, network } = this.#parts
    const name = normalizeHandle(handle)
    if (!isValidHandle(handle) || this.#isOwnName(name)) return undefined
    if (!config.reachPrivate && !isPublicHost(name)) return undefined
    try {
      const ask = () => askAppView(name, config, network)
      return await cache.remoteHandles.get(name, ask, { waitUntil })
    } catch (error) {
      log.info('the AppView could not be asked for a handle', {
        handle: name,
        reason: String(error),
      })
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
    options: ResolveOptions = {},
  ): Promise<{ did: string; handle: string; didDoc: DidDocument }> {
    const { fresh, ...checked } = { ...options, activeOnly: true }
    const isDid = handleOrDid.startsWith('did:')
    const did = isDid ? handleOrDid : await this.handle(handleOrDid, { fresh, activeOnly: true })
    if (did === undefined) throw new IdentityError('handle-not-found', 'Unable to resolve handle')
    let didDoc = await this.did(did, { fresh })
    let handle = await this.verifiedHandle(didDoc, { fresh, ...checked })
    if (handle === undefined && !fresh && (await this.#parts.findAccount(did))) {
      // An account of ours may have got a new handle through another isolate.
      didDoc = await this.did(did, { fresh: true })
      handle = await this.verifiedHandle(didDoc, checked)
    }
    return { did, handle: handle ?? 'handle.invalid', didDoc }
  }

  /** After a change made here: what this isolate caches of a handle or DID is out of date. */
  invalidate(handleOrDid: string): void {
    const { dids, handles } = this.#parts.cache
    const cache = handleOrDid.startsWith('did:') ? dids : handles
    cache.invalidate(handleOrDid)
  }

  async #isActive(did: string): Promise<boolean> {
    try {
      return (await this.#parts.statusOf(did)) === 'active'
    } catch (error) {
      if (error instanceof XRPCError) return false
      throw error
    }
  }

  /** Whether names like this are given out by this host. */
  #isOwnName(host: string): boolean {
    return this.#parts.config.handleDomains.some((domain) => host.endsWith(domain))
  }

  /**
   * The document of a did:web that is an account of this host. That it is under a domain of this host's does not
   * make it one: it may be another server of the operator's, which then is asked like any other.
   */
  async #ownDocument(did: string): Promise<DidDocument | undefined> {
    if (!did.startsWith('did:web:')) return undefined
    const host = did.slice('did:web:'.length)
    if (!this.#isOwnName(host)) return undefined
    const { config, findAccount, identify } = this.#parts
    if (!(await findAccount(did))) {
      // There is nobody to ask about a name that is not of the public network.
      if (isPublicHost(host)) return undefined
      throw new IdentityError('did-not-found', `There is no such DID: ${did}`)
    }
    const description = await identify(did).catch((error: unknown) => {
      if (!(error instanceof XRPCError)) throw error
      throw new IdentityError('did-deactivated', `The DID is deactivated: ${did}`)
    })
    // As under its handle: an identity is published with the operator's approval.
    if (description.account.awaitsApproval) {
      throw new IdentityError('did-not-found', `There is no such DID: ${did}`)
    }
    return accountDocument(description, config.publicUrl)
  }
}
