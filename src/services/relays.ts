/** What relays say of this host (`com.atproto.sync.getHostStatus`), asked when an operator wants to see it. */
import type { Config } from '../kernel/config/config.ts'
import { msSince } from '../kernel/ms-since.ts'
import { boundedFetch } from '../kernel/net/guarded-fetch.ts'
import type { Network } from '../kernel/net/network.ts'
import { NetworkError } from '../kernel/net/network-error.ts'
import { plainLine } from '../kernel/typed-text.ts'

/** ms; bytes. */
const TIMEOUT = 2_000
const MAX_ANSWER = 8 * 1024

/** How long an answer counts, in ms. */
const FRESH = 60_000

/** Characters of what a relay says that are shown. */
const MAX_TEXT = 60

export type RelayStatus =
  | {
      kind: 'known'
      /** `active`, `idle`, `offline`, `throttled`, `banned`, or whatever the relay says. */
      status: string
      /** Number of the last event that it has of this host. */
      seq: number | undefined
      accounts: number | undefined
    }
  /** It does not know this host. */
  | { kind: 'stranger' }
  /** It did not say, in words. */
  | { kind: 'failed'; why: string }

/** One answer a minute of each relay of the settings, per isolate. */
export class RelayStatuses {
  readonly #config: Pick<Config, 'crawlers' | 'hostname'>
  readonly #network: Pick<Network, 'operator'>
  /** Answers, and not promises of them: those are of one request each. */
  readonly #known = new Map<string, { at: number; answer: RelayStatus }>()

  constructor(config: Pick<Config, 'crawlers' | 'hostname'>, network: Pick<Network, 'operator'>) {
    this.#config = config
    this.#network = network
  }

  /** @param url one of PDS_CRAWLERS: of no other anything is asked */
  async of(url: string): Promise<RelayStatus> {
    if (!this.#config.crawlers.includes(url)) {
      return { kind: 'failed', why: 'is none of PDS_CRAWLERS' }
    }
    const known = this.#known.get(url)
    if (known && msSince(known.at) < FRESH) return known.answer
    const answer = await this.#ask(url)
    this.#known.set(url, { at: Date.now(), answer })
    return answer
  }

  async #ask(relay: string): Promise<RelayStatus> {
    const url = new URL('/xrpc/com.atproto.sync.getHostStatus', relay)
    url.searchParams.set('hostname', this.#config.hostname)
    try {
      const response = await boundedFetch(url.href, {
        timeout: TIMEOUT,
        maxBytes: MAX_ANSWER,
        fetch: this.#network.operator,
      })
      return read(response.status, await response.text())
    } catch (error) {
      return { kind: 'failed', why: error instanceof NetworkError ? error.message : 'failed' }
    }
  }
}

/** A relay may answer anything. */
function read(status: number, text: string): RelayStatus {
  const answer = fieldsOf(text)
  if (status !== 200) {
    if (answer.error === 'HostNotFound') return { kind: 'stranger' }
    return { kind: 'failed', why: `It answered with status ${status}` }
  }
  if (typeof answer.status !== 'string') {
    return { kind: 'failed', why: 'Its answer has no status' }
  }
  return {
    kind: 'known',
    status: plainLine(answer.status.slice(0, MAX_TEXT)),
    seq: numberOf(answer.seq),
    accounts: numberOf(answer.accountCount),
  }
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
