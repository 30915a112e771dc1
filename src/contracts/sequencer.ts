/**
 * What the sequencer answers: the order of all events on this host, and the firehose. It refuses nothing and serves
 * a WebSocket, so it is called directly, without parts.
 */
import type { Subprotocol } from '../kernel/cbor/event-stream.ts'
import type { IndexLayout } from '../kernel/index-shards.ts'
import type { LogLayout } from '../kernel/log-shards.ts'
import type { CollectionState } from '../storage/account/collections.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import type { HostActivity } from '../storage/sequencer/activity.ts'
import type { SequencedEvent } from '../storage/sequencer/log.ts'
import type { RelayRow } from '../storage/sequencer/relays.ts'
import type { CollectionPage } from '../storage/sequencer/source-collections.ts'
import type { SourceRow, SourceState } from '../storage/sequencer/sources.ts'
import type { RowCounts } from '../storage/sql.ts'
import type { Answer, RpcObject } from './answer.ts'

/** How the firehose is doing, for the health and status pages. */
export interface FirehoseStatus {
  /** Number of the newest event. */
  head: number
  /** Consumers listening. */
  consumers: number
  /** Events that the slowest consumer has not been sent. */
  behind: number
  /** When the newest event was stored, in ms since the epoch; undefined: there was none. */
  lastEventAt: number | undefined
  relays: RelayRow[]
  /** Accounts that have had events and are not deleted. */
  accounts: number
  /** As of some seconds ago; absent: the sequencer has the log itself. */
  log?: DividedLog
}

/** How the log is doing that several objects share. */
export interface DividedLog {
  /** Those that have accounts: those that are emptied, first. */
  shards: {
    /** Accounts that are not deleted. */
    accounts: number
    /** Of its database. */
    bytes: number
    /** Events that have no numbers yet. */
    waiting: number
    /** False: it does not, and this is what it said before. */
    answers: boolean
  }[]
  /** Whether accounts are being handed over, as it is divided anew. */
  changes: boolean
  /** While that is so: into how many objects, how many accounts are still to be handed over, and since when, in ms. */
  change?: { shards: number; left: number; since: number | undefined } | undefined
}

/** Some events of the log, in order. */
export interface LogPage {
  events: SequencedEvent[]
  /** They are all up to this number. */
  upTo: number
  /** Events up to this number are gone. */
  prunedTo: number
}

export interface IndexLayouts {
  serving: IndexLayout
  next: IndexLayout | undefined
}

/** A subscription that a project has made of the log, as somebody asks for it. */
export interface StreamRequest {
  nsid: string
  protocol: Subprotocol
  /** Its parameters without `cursor`, as JSON text of at most 700 bytes. */
  params: string
  /** Whether its lexicon has a message `#info`. */
  info: boolean
}

/** A consumer of the firehose, as its operator sees it. */
export interface ConsumerView {
  /** Of the connection. */
  id: string
  /** Where it comes from, coarsely, as the audit log keeps networks; undefined: clients are not counted. */
  network: string | undefined
  /** ms since the epoch; undefined: before this was kept. */
  since: number | undefined
  /** Number of the last event that it was sent. */
  cursor: number
  /** Events that it has not been sent. */
  behind: number
  /** The subscription that it listens to; absent: the firehose. */
  stream?: string
  /** Bytes sent on this connection: how many of them were read is not known until it ends. */
  sent: number
}

/** What came of asking a relay by hand: `soon`, it was asked less than a minute ago; `unknown`, it is none of ours. */
export type CrawlAnswer = RelayRow | 'soon' | 'unknown'

/** How a delivery of an account stands to others of it that are under way. */
export interface DeliveryOptions {
  /**
   * The account's own number of the last event of the delivery before, which is not answered yet: if that is missing, nothing is
   * taken, and the account begins again with what is oldest. Absent: all that is older is stored.
   */
  follows?: number | undefined
  /** Whether to store it at once: commits that come one shortly after the other wait for each other otherwise, some 50 ms. */
  urgent?: boolean | undefined
}

/** `call` is for `LogRpc`. */
export interface SequencerRpc extends RpcObject {
  /**
   * Sends events of one account out, in order, and stores them: when it has answered, they are stored. Repeats are dropped. `state`
   * is the account's state at the time of the call; `collections` as for `noteCollections`.
   *
   * @returns how the log is divided, if it is, and nothing was stored
   */
  append(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections?: readonly CollectionState[],
    options?: DeliveryOptions,
  ): Answer<LogLayout | undefined>
  /** Accounts with events, in order of their DIDs, at most `limit`, after `cursor`. */
  listSources(limit: number, after?: number): Answer<SourceRow[]>
  /** Fills in the state of an account whose events came before states were told. */
  fillInState(did: string, state: SourceState): Answer<void>
  /** Which collections of an account hold records now and which none any more; does nothing for one without events. */
  noteCollections(did: string, changes: readonly CollectionState[]): Answer<void>
  /** One page of the active accounts that hold records of a collection, in the order of `listSources`. */
  listByCollection(name: string, limit: number, after?: number): Answer<CollectionPage>
  /** Fills in the collections of an account that has told none, since it has had no event for long. */
  fillInCollections(did: string, names: readonly string[]): Answer<void>
  status(): Answer<FirehoseStatus>
  /** Rows for a backup, as lines of JSON (`src/storage/dump.ts`), with the number of the newest event. */
  dump(): Answer<ReadableStream<Uint8Array>>
  /** How much is going on, as it was within the last minute. Reads a row for each account. */
  activity(): Answer<HostActivity>
  /** Those who listen, at most 200. */
  consumers(): Answer<ConsumerView[]>
  /** Ends a connection; its consumer may come back at once. @returns false: there is no such connection */
  endConsumer(id: string): Answer<boolean>
  /** Tells all consumers to come again, as the host ends. @returns how many are still there after some seconds */
  endConsumers(): Answer<number>
  /** Asks a relay to crawl this host now, but not twice in a minute. @param url as in `FirehoseStatus.relays` */
  requestCrawl(url: string): Answer<CrawlAnswer>
  /** Whether the index is to be told when there are events, as webhooks wait for them. */
  tellOfEvents(on: boolean): Answer<void>
  /** The next events behind one, as they are stored: a page of some 500 or 4 MiB. */
  readLog(after: number): Answer<LogPage>
  /** The layouts of the host's index: the one that serves, and the one that is being filled, if any. */
  indexLayouts(): Answer<IndexLayouts>
  /** How many events there are after each of some cursors, of those that are kept. Reads two rows for each. */
  countAfter(cursors: readonly number[]): Answer<number[]>
  /** The cursor after which there are so many events, or as many as are kept. Reads a row for each. */
  cursorBefore(count: number): Answer<number>
  /**
   * The next event gets a higher number than this one, which relays know of this host.
   *
   * @param tooHigh what becomes of more than any host would have come to by counting microseconds, by this object's own clock:
   * `refuse` it, or raise the number as far as it goes
   * @returns false: it is refused, or no number, and nothing is done
   */
  raiseSequence(above: number, tooHigh?: 'refuse' | 'as far as it goes'): Answer<boolean>
  /** Rows read and written since this was last asked for; counted in development only. */
  takeRows(): Answer<RowCounts>
  /**
   * Resolves with true when a connection is to be broken off, since its consumer does not read or both sides have
   * closed it (plain workerd does not end it then), and with false when there is no need to wait for that any
   * longer. `connection` as in `fetch`.
   */
  untilEnded(connection: string): Answer<boolean>
  /**
   * Takes a WebSocket upgrade; `?cursor=` asks for the events after that number. `connection` is a name of its own
   * for the connection, `address` where it is counted; without that it is not. `stream` is a `StreamRequest` as JSON text;
   * without it, it is the firehose. Answers 429 when there are too many.
   */
  fetch(request: Request): Promise<Response>
}
