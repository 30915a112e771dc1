/**
 * What the objects answer that share the log of a host: those that keep events, and the sequencer, which gives them their
 * numbers. One class of object is both; on a host whose log is not divided nobody calls any of this.
 */
import type { LogLayout, LogPlace } from '../kernel/log-shards.ts'
import type { CollectionState } from '../storage/account/collections.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import type { StoredLogLayout } from '../storage/sequencer/log-division.ts'
import type { SourcedEvent } from '../storage/sequencer/log-reader.ts'
import type { MovedSource } from '../storage/sequencer/moved-sources.ts'
import type { SourceState } from '../storage/sequencer/sources.ts'
import type { Answer } from './answer.ts'
import type { DeliveryOptions } from './sequencer.ts'

/** Some events of one object, under its own numbers. */
export interface ShardEvents {
  events: readonly SourcedEvent[]
  /** They are all up to this number. */
  upTo: number
  /** Events up to this number are gone. */
  prunedTo: number
}

/** What the sequencer knows of an object beside its events. */
export interface ShardFacts {
  /** Accounts that are not deleted. */
  accounts: number
  /** Its own number of the last event that is to be removed, as there are too many bytes; 0: there are not. */
  tooMuchTo: number
}

/** How one object that keeps events is doing. */
export interface LogShardState extends ShardFacts {
  place: LogPlace
  /** Events that have no numbers yet. */
  waiting: number
  /** Of the database. */
  bytes: number
  /** False: it did not, and this is what it said before. */
  answers: boolean
}

export interface LogShardRpc {
  /**
   * Stores events of one account, as `SequencerRpc.append` does.
   *
   * @returns the layout that serves instead: nothing was stored. Undefined: done
   */
  deliver(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[],
    options?: DeliveryOptions,
  ): Answer<LogLayout | undefined>
  /** As `SequencerRpc.noteCollections`. @returns as `deliver` */
  noteCollections(did: string, changes: readonly CollectionState[]): Answer<LogLayout | undefined>
  /** Events after one and up to another: some at least, if there are any; no more than `limit`, or than come to `bytes`. */
  read(after: number, upTo: number, limit: number, bytes: number): Answer<ShardEvents>
  /** Whether accounts may be seen, as of their last deliveries; undefined: they are not here. */
  areActive(dids: readonly string[]): Answer<(boolean | undefined)[]>
  /** Removes the events up to a number, some time soon; the newest of all stays. */
  removeTo(local: number): Answer<void>
  /** How it is doing. */
  state(): Answer<LogShardState>
  /**
   * Takes no events from now on, and gives all that it has to the sequencer. @returns whether that is done, and all accounts
   * were handed over
   */
  retire(to: LogLayout): Answer<boolean>
  /** Takes no events from now on; when all have their numbers, what it knows of an account. Undefined: it has none of it. */
  handOver(to: LogLayout, did: string): Answer<MovedSource | undefined>
  /** What was handed over is stored elsewhere. */
  forgetSources(dids: readonly string[]): Answer<void>
  /** Takes accounts over. Those that it has already stay as they are. */
  adopt(sources: readonly MovedSource[]): Answer<void>
  /** Removes all events of an account that it has, as the account is deleted. */
  purge(did: string): Answer<void>
}

/** What the objects that keep events ask the sequencer. */
export interface LogFrontRpc {
  /** The last event that it has of an object, by the object's number; undefined: none. @param object `numberOfPlace` */
  position(object: number): Answer<number | undefined>
  /**
   * Gives events their numbers, stores which, and sends them out; all of them or none.
   *
   * @param after the position that they follow; another one than it is, and nothing is taken
   * @returns the position
   */
  take(
    object: number,
    after: number,
    page: Pick<ShardEvents, 'events' | 'upTo'>,
    facts: ShardFacts,
  ): Answer<number | undefined>
  /** Resolves when the host's index knows how an account is now, but not much later. */
  settled(did: string): Answer<void>
  /** The layouts that there are, the oldest first. */
  layouts(): Answer<readonly StoredLogLayout[]>
  /** How each object is doing. */
  states(): Answer<LogShardState[]>
}

/** See `RpcObject`. */
export interface LogRpc {
  shard: LogShardRpc
  front: LogFrontRpc
}
