import type { CrawlAnswer } from '../../contracts/sequencer.ts'
import { createLogger } from '../../kernel/log.ts'
import type { Fetch } from '../../kernel/net/guarded-fetch.ts'
import { limitBody } from '../../kernel/net/limit-body.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import type { RelayRow, Relays } from '../../storage/sequencer/relays.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long after a successful request there is another: while nobody listens, and while somebody does. */
const INTERVAL_WITHOUT_CONSUMERS = 20 * MINUTE
const INTERVAL_WITH_CONSUMERS = 6 * HOUR

/** After a failure: so much, doubled with each further one, up to so much. */
const INITIAL_BACKOFF = MINUTE
const LAST_RETRY = 6 * HOUR

/** Between two requests to one relay that somebody asks for, at least, in ms. */
const BETWEEN = MINUTE

/** How long a relay may take to answer, in ms. */
const TIMEOUT = 10 * SECOND

/** Bytes of a refusal that are read, and characters of it that are kept. */
const MAX_REFUSAL = 8 * 1024
const MAX_REASON = 300

/** Where this host stands, as far as asking relays goes. */
export interface Activity {
  /** When the newest event was stored, in ms since the epoch; undefined: there was none. */
  lastEventAt: number | undefined
  /** Consumers listening. */
  consumers: number
}

/**
 * Asks relays to crawl this host (`com.atproto.sync.requestCrawl`): when activity starts and nobody is
 * known to listen, rarely otherwise, and with growing pauses while a relay does not answer.
 */
export class CrawlRequests {
  readonly #relays: Relays
  readonly #urls: readonly string[]
  readonly #hostname: string
  readonly #fetch: Fetch

  /** Nobody can crawl `localhost`, so for that nobody is asked. */
  constructor(relays: Relays, crawlers: readonly string[], hostname: string, fetch: Fetch) {
    this.#relays = relays
    this.#urls = hostname === 'localhost' ? [] : crawlers
    this.#hostname = hostname
    this.#fetch = fetch
  }

  /** When the next request is due, in ms since the epoch; undefined: not before the next event. */
  due(activity: Activity): number | undefined {
    const times = this.list().flatMap((relay) => dueAt(relay, activity) ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** Whether the next event changes what `due` says. */
  waits(activity: Activity): boolean {
    return this.list().some((relay) => dueAt(relay, activity) === undefined)
  }

  /** Asks each relay whose time has come. Failures are kept and logged, not thrown. */
  async run(now: number, activity: Activity): Promise<void> {
    const due = this.list().filter((relay) => (dueAt(relay, activity) ?? Infinity) <= now)
    await Promise.all(due.map((relay) => this.#ask(relay, now)))
  }

  /** Asks one relay, whenever its time is. */
  async askNow(url: string, now: number): Promise<CrawlAnswer> {
    if (!this.#urls.includes(url)) return 'unknown'
    const relay = this.#relays.get(url)
    if (relay.askedAt !== undefined && now - relay.askedAt < BETWEEN) return 'soon'
    await this.#ask(relay, now)
    return this.#relays.get(url)
  }

  list(): RelayRow[] {
    return this.#urls.map((url) => this.#relays.get(url))
  }

  async #ask({ url, failures }: RelayRow, now: number): Promise<void> {
    // Counted as a failure until there is an answer, so that a crash does not repeat it at once.
    this.#relays.set(url, now, 'no answer yet', failures + 1)
    const signal = AbortSignal.timeout(TIMEOUT)
    try {
      const response = await this.#fetch(new URL('/xrpc/com.atproto.sync.requestCrawl', url).href, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ hostname: this.#hostname }),
        redirect: 'manual',
        signal,
      })
      if (!response.ok) throw new RefusedError(await refusal(response, signal))
      await response.body?.cancel()
      this.#relays.set(url, now, 'accepted', 0)
    } catch (error) {
      const outcome = error instanceof RefusedError ? error.message : 'could not be reached'
      this.#relays.set(url, now, outcome, failures + 1)
      createLogger({ relay: new URL(url).origin }).error('requesting a crawl failed', error)
    }
  }
}

class RefusedError extends Error {
  override name = 'RefusedError'
}

/** What a relay answered, and why, if it says so as XRPC errors do. It may have written anything. */
async function refusal(response: Response, signal: AbortSignal): Promise<string> {
  const answered = `answered ${response.status}`
  try {
    const answer: unknown = await limitBody(response, MAX_REFUSAL, signal, () => {}).json()
    if (typeof answer !== 'object' || answer === null) return answered
    const { error, message } = answer as Record<string, unknown>
    const said = [error, message].filter((part) => typeof part === 'string').map(plainLine)
    const reason = said.filter((part) => part !== '').join(': ')
    return reason === '' ? answered : `${answered}: ${reason.slice(0, MAX_REASON)}`
  } catch {
    return answered
  }
}

/** When a relay is to be asked next: not at all before there is something to crawl. */
export function dueAt(
  { askedAt, failures }: RelayRow,
  { lastEventAt, consumers }: Activity,
): number | undefined {
  if (lastEventAt === undefined) return undefined
  if (askedAt === undefined) return lastEventAt
  if (failures > 0) return askedAt + Math.min(INITIAL_BACKOFF * 2 ** (failures - 1), LAST_RETRY)
  if (lastEventAt <= askedAt) return undefined
  return Math.max(
    lastEventAt,
    askedAt + (consumers > 0 ? INTERVAL_WITH_CONSUMERS : INTERVAL_WITHOUT_CONSUMERS),
  )
}
