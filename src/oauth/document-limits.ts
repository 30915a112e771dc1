/** How many documents of apps are fetched: for whom, and from where. */

import type { IsolateLimits } from '../context/limits/isolate.ts'
import { widerNetwork } from '../kernel/net/client-network.ts'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import type { RateLimitRule } from '../storage/rate-limit.ts'

const window = 5 * 60 * 1000

/** Documents that one network may make this host fetch. */
const PER_NETWORK: RateLimitRule = { limit: 60, window }
/** Documents that are fetched from one host, */
const PER_HOST: RateLimitRule = { limit: 300, window }
/** and of these, for one IPv4 address or IPv6 /48: it takes many to keep others from an app. */
const SHARE: RateLimitRule = { limit: 20, window }
/** A document that is known. The provider keeps it for ten minutes, unless it has too many others. */
const PER_KNOWN: RateLimitRule = { limit: 30, window }

/** Addresses of documents that are known; beyond that those are forgotten that were used longest ago. */
const MAX_KNOWN = 1_000

/**
 * Strangers invent addresses of documents, and the limits for a host are for its protection from them. Documents that
 * are known do not count there, so that nobody shuts an app out: they were fetched before and are what they should
 * be, or an account here uses the app.
 */
export class DocumentLimits {
  readonly #limits: IsolateLimits
  readonly #known = new Set<string>()

  constructor(limits: IsolateLimits) {
    this.#limits = limits
  }

  /**
   * Counts a fetch. What is over one limit does not count for the next.
   *
   * @param isUsedHere whether an account uses the app with this `client_id`; asked only where the answer matters
   * @returns whether it may be fetched
   */
  async mayFetch(
    url: string,
    network: string,
    isUsedHere: (clientId: string) => Promise<boolean>,
  ): Promise<boolean> {
    if (this.#limits.consumeOf('documents', network, PER_NETWORK).exceeded) return false
    if (this.#mayFetchKnown(url) || this.#mayFetchOther(url, network)) return true
    if (this.#known.has(url) || !(await isUsedHere(url))) return false
    this.#remember(url)
    return this.#mayFetchKnown(url)
  }

  /** What a fetched document says: a client's metadata make their address known, and that of its keys on its host. */
  learn(url: string, body: string): void {
    const { client_id, jwks_uri } = metadataIn(body)
    if (client_id !== url) return
    this.#remember(url)
    if (jwks_uri !== undefined && hostOf(jwks_uri) === hostOf(url)) this.#remember(jwks_uri)
  }

  #mayFetchKnown(url: string): boolean {
    if (!this.#known.has(url)) return false
    this.#remember(url)
    return !this.#limits.consume(`document ${hashOf(url)}`, PER_KNOWN).exceeded
  }

  #mayFetchOther(url: string, network: string): boolean {
    const host = hostOf(url)
    const share = `documents of ${host} for ${widerNetwork(network)}`
    if (this.#limits.consume(share, SHARE).exceeded) return false
    return !this.#limits.consume(`documents of ${host}`, PER_HOST).exceeded
  }

  /** Put at the end, so that the address that was used longest ago comes first. */
  #remember(url: string): void {
    this.#known.delete(url)
    this.#known.add(url)
    const [oldest] = this.#known
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
  }
}

const hostOf = (url: string): string | undefined => URL.parse(url)?.host

function metadataIn(body: string): { client_id?: string; jwks_uri?: string } {
  try {
    const { client_id, jwks_uri } = Object(JSON.parse(body)) as Record<string, unknown>
    return {
      ...(typeof client_id === 'string' && { client_id }),
      ...(typeof jwks_uri === 'string' && { jwks_uri }),
    }
  } catch {
    return {}
  }
}
