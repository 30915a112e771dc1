/**
 * What this isolate counts, in memory. On plain workerd that is the whole host, objects too, since workerd started; on
 * Cloudflare it is one of many, so that counts are not shown there (`src/web/metrics/`).
 */
import type { Family, Sample } from './exposition.ts'
import { ObjectsInMemory } from './objects.ts'
import { RequestCounts } from './request-counts.ts'

/** A number for each of a few names, which are fixed. */
class Counter<Name extends string> {
  readonly #counts: Record<Name, number>
  readonly #label: string
  constructor(label: string, names: readonly Name[]) {
    this.#label = label
    this.#counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
  }

  note(name: Name, count = 1): void {
    this.#counts[name] += count
  }

  samples(): Sample[] {
    return Object.entries<number>(this.#counts).map(([name, value]) => ({
      labels: { [this.#label]: name },
      value,
    }))
  }
}

/** Errors by which a request is told that it wants more than there is, and what they are called here. */
const LIMITS = {
  RateLimitExceeded: 'rate',
  QuotaExceeded: 'quota',
  InsufficientStorage: 'disk',
  PayloadTooLarge: 'size',
  PayloadTooLargeError: 'size',
  SignUpQueueFull: 'sign-ups',
  ServiceUnavailable: 'busy',
} as const
type Limit = (typeof LIMITS)[keyof typeof LIMITS]

const WRITES = ['create', 'update', 'put', 'delete'] as const
export type WriteAction = (typeof WRITES)[number]

/** Events of an account that the sequencer has not taken yet. */
interface Waiting {
  /** ms since the epoch. */
  since: number
  count: number
}

export type WebhookOutcome = 'delivered' | 'failed' | 'given up'

/** By name, how often something ended well and how often not. */
type Outcomes = Map<string, { done: number; failed: number }>

function noteOutcome(outcomes: Outcomes, name: string, ok: boolean): void {
  const counts = outcomes.get(name) ?? { done: 0, failed: 0 }
  counts[ok ? 'done' : 'failed']++
  outcomes.set(name, counts)
}

const outcomeSamples = (label: string, outcomes: Outcomes): Sample[] =>
  [...outcomes].flatMap(([name, counts]) =>
    Object.entries(counts).map(([outcome, value]) => ({
      labels: { [label]: name, outcome },
      value,
    })),
  )

/** Counted since workerd was started, but for `undelivered`. */
export interface Totals {
  requests: number
  /** Of these, answered with 5xx. */
  failed: number
  /** Records written. */
  writes: number
  /** That accounts handed to the firehose. */
  events: number
  errors: number
  /** Events that are not in the firehose yet. */
  undelivered: number
}

class Counters {
  readonly requests = new RequestCounts()
  readonly objects = new ObjectsInMemory()
  readonly #writes = new Counter<WriteAction>('action', WRITES)
  readonly #limits = new Counter<Limit>('limit', [...new Set(Object.values(LIMITS))])
  readonly #waiting = new Map<string, Waiting>()
  /** By collection, how often hooks ended well and how often not. */
  readonly #hooks: Outcomes = new Map()
  /** By job, how often its runs ended well and how often not. Names are those of the project's files. */
  readonly #jobs: Outcomes = new Map()
  readonly #webhooks: Record<WebhookOutcome, number> = { delivered: 0, failed: 0, 'given up': 0 }
  #commits = 0
  #delivered = 0
  #errors = 0

  /** A commit with these writes was stored. */
  noteCommit(writes: readonly { action: WriteAction }[]): void {
    this.#commits++
    for (const { action } of writes) this.#writes.note(action)
  }

  /** A request was refused. @param error its name on the wire */
  noteRefusal(error: string | undefined): void {
    if (error !== undefined && Object.hasOwn(LIMITS, error))
      this.#limits.note(LIMITS[error as keyof typeof LIMITS])
  }

  /** Something went wrong that stands in the log. */
  noteError(): void {
    this.#errors++
  }

  /** So many events of an account are on their way to the sequencer, the first attempt with the oldest began at `since`. */
  noteUndelivered(did: string, count: number, since: number): void {
    this.#waiting.set(did, { since, count })
  }

  /** The sequencer has taken so many of them. */
  noteDelivered(count: number): void {
    this.#delivered += count
  }

  /** The sequencer has all events of an account. */
  noteAllDelivered(did: string): void {
    this.#waiting.delete(did)
  }

  /** A hook of a collection was told of a write. */
  noteHook(collection: string, ok: boolean): void {
    noteOutcome(this.#hooks, collection, ok)
  }

  /** A run of a job ended. */
  noteJob(name: string, ok: boolean): void {
    noteOutcome(this.#jobs, name, ok)
  }

  /** Webhooks were told of so many writes, or an attempt failed. */
  noteWebhook(outcome: WebhookOutcome, count: number): void {
    this.#webhooks[outcome] += count
  }

  /** For who wants to see how many of each there are in a moment. */
  totals(): Totals {
    return {
      ...this.requests.totals(),
      writes: this.#writes.samples().reduce((sum, { value }) => sum + value, 0),
      events: this.#delivered,
      errors: this.#errors,
      undelivered: [...this.#waiting.values()].reduce((sum, { count }) => sum + count, 0),
    }
  }

  families(now: number): Family[] {
    const waiting = [...this.#waiting.values()]
    const oldest = Math.min(now, ...waiting.map(({ since }) => since))
    return [
      ...this.requests.families(),
      ...this.objects.families(),
      counter('cumulus_commits', 'Commits to repositories.', this.#commits),
      {
        name: 'cumulus_writes',
        type: 'counter',
        help: 'Records written, by what was done.',
        samples: this.#writes.samples(),
      },
      {
        name: 'cumulus_limits_hit',
        type: 'counter',
        help: 'Requests refused because of a limit.',
        samples: this.#limits.samples(),
      },
      {
        name: 'cumulus_hooks',
        type: 'counter',
        help: 'Writes that hooks of collections were told of, by how that ended.',
        samples: outcomeSamples('collection', this.#hooks),
      },
      {
        name: 'cumulus_jobs',
        type: 'counter',
        help: 'Runs of jobs, by how they ended.',
        samples: outcomeSamples('job', this.#jobs),
      },
      {
        name: 'cumulus_webhooks',
        type: 'counter',
        help: 'Writes that webhooks took or that were given up, and attempts that failed.',
        samples: Object.entries(this.#webhooks).map(([outcome, value]) => ({
          labels: { outcome },
          value,
        })),
      },
      counter('cumulus_errors', 'Errors that stand in the log.', this.#errors),
      counter('cumulus_events_delivered', 'Events that accounts handed over.', this.#delivered),
      gauge(
        'cumulus_outbox_events',
        'Events of accounts that are not in the firehose yet.',
        waiting.reduce((sum, { count }) => sum + count, 0),
      ),
      gauge('cumulus_outbox_accounts', 'Accounts with such events.', waiting.length),
      gauge(
        'cumulus_outbox_oldest_seconds',
        'For how long the oldest of these events has waited.',
        (now - oldest) / 1000,
      ),
    ]
  }
}

export const counter = (name: string, help: string, value: number): Family => ({
  name,
  type: 'counter',
  help,
  samples: [{ value }],
})

/** @param value undefined: nobody knows, and nothing is said */
export const gauge = (name: string, help: string, value: number | undefined): Family => ({
  name,
  type: 'gauge',
  help,
  samples: value === undefined ? [] : [{ value }],
})

/** Those of this isolate. */
export const counters = new Counters()
