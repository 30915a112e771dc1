import type { LogShardState } from '../../contracts/log-shard.ts'
import type { DividedLog, FirehoseStatus } from '../../contracts/sequencer.ts'
import {
  FIRST_LOG,
  type LogPlace,
  logPlaceOf,
  numberOfPlace,
  placesOf,
} from '../../kernel/log-shards.ts'
import { msSince } from '../../kernel/ms-since.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { CollectionState } from '../../storage/account/collections.ts'
import type { HostActivity } from '../../storage/sequencer/activity.ts'
import type { StoredLogLayout } from '../../storage/sequencer/log-division.ts'
import type {
  CollectionPage,
  SourceCollections,
} from '../../storage/sequencer/source-collections.ts'
import type { SourceRow, SourceState, Sources } from '../../storage/sequencer/sources.ts'
import { inTime } from '../sequencer/in-time.ts'
import { mergedDump } from './dump.ts'

/** Places of one object, at most: the place of an account among all is that of the object and that within it. */
const PLACES = 2 ** 34

/** ms for which it is trusted what an object has said of itself. */
const FRESH = 10_000

/** ms that an object may take to say how it is doing, and to answer what somebody waits for. */
const SOON = 2_000
const LONGEST = 5_000

type HostSummary = Pick<FirehoseStatus, 'accounts' | 'log'>

interface Parts {
  layouts(): readonly StoredLogLayout[]
  objects: Pick<HostObjects, 'logShard' | 'logSequencer'>
  /** What the sequencer has itself. */
  own: {
    sources: Sources
    collections: SourceCollections
    activity(): HostActivity
  }
}

/**
 * Lists of accounts that are in several objects: one object after the other, those of later layouts last. An account that is
 * handed over while somebody reads the list comes later in it than before, so nobody is missed.
 */
export class HostLists {
  readonly #parts: Parts
  /** What each object has said of itself, by its number. */
  readonly #said = new Map<number, LogShardState>()
  #known:
    | { at: number; layouts: readonly StoredLogLayout[]; summary: Promise<HostSummary> }
    | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** See `SequencerRpc.listSources`. */
  async sources(limit: number, after = 0): Promise<SourceRow[]> {
    const rows: SourceRow[] = []
    for (const { place, offset, from } of this.#objects(after)) {
      const left = limit - rows.length
      if (left <= 0) break
      const page = isOwn(place)
        ? this.#parts.own.sources.list(left, from)
        : await inTime(this.#client(place).listSources(left, from), LONGEST)
      rows.push(...page.map((row) => ({ ...row, place: offset + row.place })))
    }
    return rows
  }

  /** See `SequencerRpc.listByCollection`. */
  async byCollection(name: string, limit: number, after = 0): Promise<CollectionPage> {
    const all: CollectionPage = { dids: [], next: undefined, toAsk: [] }
    for (const { place, offset, from } of this.#objects(after)) {
      const left = limit - all.dids.length
      // The page is full: it goes on with this object.
      if (left <= 0) return { ...all, next: offset }
      const page = isOwn(place)
        ? this.#parts.own.collections.list(name, left, from)
        : await inTime(this.#client(place).listByCollection(name, left, from), LONGEST)
      all.dids.push(...page.dids)
      all.toAsk.push(...page.toAsk)
      if (page.next !== undefined) return { ...all, next: offset + page.next }
    }
    return all
  }

  /** See `SequencerRpc`: wherever the account is. */
  async fillInState(did: string, state: SourceState): Promise<void> {
    this.#parts.own.sources.fillIn(did, state)
    for (const place of this.#placesOf(did))
      await inTime(this.#client(place).fillInState(did, state), LONGEST)
  }

  async noteCollections(did: string, changes: readonly CollectionState[]): Promise<void> {
    this.#parts.own.collections.note(did, changes)
    for (const place of this.#placesOf(did))
      await inTime(this.#client(place).noteCollections(did, changes), LONGEST)
  }

  async fillInCollections(did: string, names: readonly string[]): Promise<void> {
    this.#parts.own.collections.fillIn(did, names)
    for (const place of this.#placesOf(did))
      await inTime(this.#client(place).fillInCollections(did, names), LONGEST)
  }

  /** How many accounts there are that are not deleted, and how the objects are doing, as of some seconds ago. */
  summary(): Promise<HostSummary> {
    const layouts = this.#parts.layouts()
    const isFresh = this.#known?.layouts === layouts && msSince(this.#known.at) < FRESH
    if (this.#known && isFresh) return this.#known.summary
    const known = { at: Date.now(), layouts, summary: this.#summarize() }
    this.#known = known
    known.summary.catch(() => {
      if (this.#known === known) this.#known = undefined
    })
    return known.summary
  }

  /** How each object is doing. */
  states(): Promise<LogShardState[]> {
    return Promise.all(this.#others().map((place) => this.#stateOf(place)))
  }

  /** See `SequencerRpc.activity`: of objects that have events only, too. */
  async activity(): Promise<HostActivity> {
    const { layouts, objects, own } = this.#parts
    const all = await Promise.all(
      placesIn(layouts()).map((place) => inTime(objects.logSequencer(place).activity(), LONGEST)),
    )
    return all.reduce(
      (sum, { events, active, bytes }) => ({
        events: { hour: sum.events.hour + events.hour, day: sum.events.day + events.day },
        active: { day: sum.active.day + active.day, month: sum.active.month + active.month },
        bytes: sum.bytes + bytes,
      }),
      own.activity(),
    )
  }

  /** Whether accounts may be seen; what nobody knows may not. */
  async areActive(dids: readonly string[]): Promise<Map<string, boolean>> {
    const { objects, layouts } = this.#parts
    const known = new Map<string, boolean>()
    for (const layout of layouts().toReversed()) {
      const unknown = dids.filter((did) => !known.has(did))
      if (layout.state === 'ages' || unknown.length === 0) continue
      const byShard = Map.groupBy(unknown, (did) => logPlaceOf(did, layout).shard)
      for (const [shard, some] of byShard) {
        const place = { layout, shard }
        const answers = isOwn(place)
          ? some.map((did) =>
              this.#parts.own.sources.lastEvent(did) === undefined
                ? undefined
                : this.#parts.own.sources.isActive(did),
            )
          : await inTime(objects.logShard(place).areActive(some), LONGEST)
        some.forEach((did, index) => {
          const answer = answers[index]
          if (answer !== undefined) known.set(did, answer)
        })
      }
    }
    return known
  }

  /** See `SequencerRpc.dump`. @param own lines of what the sequencer has itself */
  dump(own: Iterable<Uint8Array>): AsyncIterator<Uint8Array<ArrayBuffer>> {
    const others = this.#others().map((place) => async () => ({
      stream: await this.#client(place).dump(),
      offset: numberOfPlace(place) * PLACES,
    }))
    return mergedDump(own, others)
  }

  /** Of one that does not answer, what it said last. */
  async #stateOf(place: LogPlace): Promise<LogShardState> {
    const object = numberOfPlace(place)
    const nothing = { place, accounts: 0, tooMuchTo: 0, waiting: 0, bytes: 0, answers: false }
    try {
      const state = await inTime(this.#parts.objects.logShard(place).state(), SOON)
      this.#said.set(object, state)
      return state
    } catch {
      return { ...(this.#said.get(object) ?? nothing), answers: false }
    }
  }

  async #summarize(): Promise<HostSummary> {
    const states = await this.states()
    const others = states.reduce((sum, { accounts }) => sum + accounts, 0)
    const own = this.#parts.own.sources.count()
    return {
      accounts: others + own,
      // None yet: the change has not begun.
      ...(states.length === 0
        ? {}
        : {
            log: {
              shards: states.map(({ bytes, waiting, answers, accounts }) => ({
                ...{ bytes, waiting, answers, accounts },
              })),
              ...this.#change(states, own),
            },
          }),
    }
  }

  /** @param own accounts that the sequencer has itself */
  #change(states: readonly LogShardState[], own: number): Pick<DividedLog, 'changes' | 'change'> {
    const layouts = this.#parts.layouts()
    const old = layouts.find(({ state }) => state === 'moves')
    const to = layouts.find(({ state }) => state === 'serves')
    if (!old || !to) return { changes: false }
    const there = states.filter(({ place }) => place.layout.generation === old.generation)
    const left =
      old.generation === FIRST_LOG.generation
        ? own
        : there.reduce((sum, { accounts }) => sum + accounts, 0)
    return { changes: true, change: { shards: to.shards, left, since: to.began ?? undefined } }
  }

  /** All objects that may have accounts, from the one with a place on; the sequencer first. */
  *#objects(after: number): Generator<{ place: LogPlace; offset: number; from: number }> {
    const first = Math.floor(after / PLACES)
    for (const place of [OWN, ...this.#others()]) {
      const object = numberOfPlace(place)
      if (object < first) continue
      const offset = object * PLACES
      yield { place, offset, from: object === first ? after - offset : 0 }
    }
  }

  /** Those that may have accounts. */
  #others(): LogPlace[] {
    return placesIn(this.#parts.layouts().filter(({ state }) => state !== 'ages'))
  }

  #placesOf(did: string): LogPlace[] {
    return this.#parts
      .layouts()
      .filter(({ state, generation }) => state !== 'ages' && generation > FIRST_LOG.generation)
      .map(({ generation, shards }) => logPlaceOf(did, { generation, shards }))
  }

  #client(place: LogPlace) {
    return this.#parts.objects.logSequencer(place)
  }
}

const OWN: LogPlace = { layout: FIRST_LOG, shard: 0 }

/** The objects of some layouts, but for the sequencer. */
const placesIn = (layouts: readonly StoredLogLayout[]): LogPlace[] =>
  layouts
    .filter(({ generation }) => generation > FIRST_LOG.generation)
    .flatMap(({ generation, shards }) => placesOf({ generation, shards }))

const isOwn = (place: LogPlace): boolean => numberOfPlace(place) === 0
