import { counters } from '../../kernel/metrics/counters.ts'
import { msSince } from '../../kernel/ms-since.ts'
import type { Collections } from '../../storage/account/collections.ts'
import type { OutboxEvent } from '../../storage/account/events.ts'
import type { Outbox } from '../../storage/account/outbox.ts'
import { JournalError } from '../../storage/account/pending-commits.ts'
import type { Repo } from '../../storage/account/repo.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import type { Job } from '../scheduler.ts'
import type { LogDelivery } from './log-delivery.ts'

/** Bodies sent to the sequencer at once, in bytes; an RPC message may have 32 MiB. So many are under way at most, too. */
const DELIVERY_SIZE = 8 * 1024 * 1024

/** ms from a delivery of several events to the next while it is under way: what comes meanwhile goes together. */
const PAUSE = 3

/** Deliveries that are under way, at most. */
const MOST_UNDER_WAY = 64

/** What it takes to deliver events. */
export interface DeliveryParts {
  outbox: Outbox
  repo: Pick<Repo, 'collections' | 'load' | 'waitsForDelivery'>
  log: LogDelivery
  /** The account's DID. */
  did(): string
  /** What the sequencer is to know of the account besides its events. */
  state(): SourceState
}

/** A delivery that is under way. */
interface Delivery {
  /** The account's number of its last event. */
  last: number
  events: number
  bytes: number
  /** When it was sent, in ms since the epoch. */
  since: number
}

/**
 * Hands events over to the sequencer, oldest first, until the outbox is empty. It answers when it has stored them, which may take
 * a while, and the next ones do not wait for that: each delivery says which it follows. When one fails, those behind it are
 * refused, and it is begun again with the oldest event that is not known to be stored.
 */
export class EventDelivery implements Job {
  readonly name = 'deliver events'
  // The network waits for them.
  readonly maxBackoff = 30_000
  readonly #parts: DeliveryParts
  readonly #underWay = new Set<Delivery>()
  /** Of the run that there is. */
  #run: PromiseWithResolvers<void> | undefined
  /** The last event that is under way, or stored, as far as this run knows; undefined: it begins. */
  #sent: number | undefined
  #failure: { error: unknown } | undefined
  #hasProgress = false
  /** When the oldest event was sent that could not be delivered so far, in ms since the epoch. */
  #failingSince: number | undefined
  /** When something was sent last, in ms since the epoch, and whether it was several events. */
  #sentAt = 0
  #wereSeveral = false
  #isAsked = false
  #waiting: { for: number; resolve(): void }[] = []

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  due(): number | undefined {
    return this.#parts.outbox.isEmpty() ? undefined : Date.now()
  }

  run(): Promise<void> {
    this.#run = Promise.withResolvers<void>()
    const { promise } = this.#run
    this.#begin()
    this.again()
    return promise
  }

  /**
   * Writes of the same turn go together. Where some did, several are writing at once, and those that come shortly after go
   * together, too: one who waits for each answer is not to wait for that as well.
   */
  again(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    const next = () => {
      this.#isAsked = false
      this.#next()
    }
    const gathers = this.#underWay.size > 0 && this.#wereSeveral
    const pause = gathers ? PAUSE - msSince(this.#sentAt) : 0
    if (pause > 0) setTimeout(next, pause)
    else queueMicrotask(next)
  }

  async settled(): Promise<void> {
    if (!this.#run) return
    const newest = this.#newest()
    if (newest === undefined) return
    await new Promise<void>((resolve) => this.#waiting.push({ for: newest, resolve }))
  }

  /** The newest event that there is now. Where nobody can tell, the run is about to fail. */
  #newest(): number | undefined {
    try {
      this.#parts.repo.load()
      return this.#parts.outbox.newest()
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }

  #begin(): void {
    this.#sent = undefined
    this.#failure = undefined
    this.#hasProgress = false
  }

  /** Sends what there is, and ends the run when there is nothing. */
  #next(): void {
    try {
      while (this.#sendNext()) {}
    } catch (error) {
      this.#failure ??= { error }
    }
    if (this.#underWay.size > 0 || !this.#run) return
    if (this.#failure && this.#hasProgress) {
      this.#begin()
      this.again()
      return
    }
    const run = this.#run
    const failure = this.#failure
    this.#run = undefined
    this.#tell(Number.POSITIVE_INFINITY)
    if (failure) run.reject(failure.error)
    else {
      counters.noteAllDelivered(this.#parts.did())
      run.resolve()
    }
  }

  /** Whether something was sent. */
  #sendNext(): boolean {
    const { outbox } = this.#parts
    const bytes = this.#sum('bytes')
    const isFull = this.#underWay.size >= MOST_UNDER_WAY || bytes >= DELIVERY_SIZE
    if (this.#failure || isFull) return false
    const damage = this.#loadJournal()
    const events = outbox.peek(DELIVERY_SIZE, this.#sent)
    if (events.length === 0) {
      if (damage) throw damage
      return false
    }
    void this.#deliver(events, this.#underWay.size > 0 ? this.#sent : undefined)
    return true
  }

  /** @returns why commits that wait cannot be delivered; what else there is can be */
  #loadJournal(): JournalError | undefined {
    try {
      this.#parts.repo.load()
      return undefined
    } catch (error) {
      if (error instanceof JournalError) return error
      throw error
    }
  }

  async #deliver(events: readonly OutboxEvent[], follows: number | undefined): Promise<void> {
    const { outbox, repo, log, did, state } = this.#parts
    const { collections } = repo
    const delivery: Delivery = {
      last: events.at(-1)?.id ?? 0,
      events: events.length,
      bytes: events.reduce((sum, { body }) => sum + body.byteLength, 0),
      since: Date.now(),
    }
    this.#underWay.add(delivery)
    this.#sentAt = delivery.since
    this.#wereSeveral = delivery.events > 1
    this.#sent = delivery.last
    this.#count()
    try {
      // With the events: who reads a list of accounts by collection misses none whose events are in the log.
      const untold = collections.untold()
      const urgent = repo.waitsForDelivery
      await log.append(did(), events, state(), untold, { follows, urgent })
      collections.confirm(untold)
      // Before the events are confirmed: after a crash both are told again.
      await tellCollections(did(), collections, log)
      // Those before it are stored as well, whatever their answers were.
      outbox.confirm(delivery.last)
      this.#hasProgress = true
      this.#failingSince = undefined
      counters.noteDelivered(delivery.events)
      this.#tell(delivery.last)
    } catch (error) {
      this.#failure ??= { error }
      this.#failingSince ??= delivery.since
    }
    this.#underWay.delete(delivery)
    if (this.#underWay.size > 0) this.#count()
    this.#next()
  }

  /** Those who wait for events up to this one are told. */
  #tell(upTo: number): void {
    if (this.#waiting.length === 0) return
    const told = this.#waiting.filter((one) => one.for <= upTo)
    this.#waiting = this.#waiting.filter((one) => one.for > upTo)
    for (const { resolve } of told) resolve()
  }

  #count(): void {
    const [oldest] = this.#underWay
    const since = this.#failingSince ?? oldest?.since ?? Date.now()
    counters.noteUndelivered(this.#parts.did(), this.#sum('events'), since)
  }

  #sum(what: 'events' | 'bytes'): number {
    let sum = 0
    for (const delivery of this.#underWay) sum += delivery[what]
    return sum
  }
}

/** Tells which collections have become empty, or are not any more. */
async function tellCollections(did: string, collections: Collections, log: LogDelivery) {
  for (;;) {
    const untold = collections.untold()
    if (untold.length === 0) return
    await log.noteCollections(did, untold)
    collections.confirm(untold)
  }
}
