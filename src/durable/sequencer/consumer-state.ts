/** What is known of each consumer of the firehose, and what of it is shown to the operator. */
import type { ConsumerView, StreamRequest } from '../../contracts/sequencer.ts'
import { frameSize, type StreamFrame } from '../../kernel/cbor/event-stream.ts'
import { coarseNetwork } from '../../kernel/net/client-network.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Admission } from './admission.ts'
import type { ClosingConnections } from './closing.ts'
import type { UnreadBytes } from './unread.ts'
import type { Wire } from './wire.ts'

/** Events, and bytes of events, sent to a consumer that catches up before others get a turn. */
export const PAGE = 200
export const PAGE_BYTES = 512 * 1024

/** The bytes of a page while accounts write: each step of a write waits for a page at most. */
const PAGE_BYTES_WITH_WRITES = 128 * 1024

/** For how many ms after an event accounts are taken to write. */
const WRITES_LAST = 200

/** @param lastEventAt when there was an event, in ms since the epoch */
export const pageBytes = (lastEventAt = 0): number =>
  Date.now() - lastEventAt < WRITES_LAST ? PAGE_BYTES_WITH_WRITES : PAGE_BYTES

/** ms for which a consumer waits for room. */
export const ROOM_TIMEOUT = 1000

/** Why a connection is ended that holds too much of the room for all. */
export const TOO_MUCH = 'Too much was sent that may not be read: resume from your cursor'

/** RFC 6455, 7.4.1. */
export const GOING_AWAY = 1001

/** Bytes after which the count of what was sent is made to survive hibernation. */
export const NOTE_EVERY = 64 * 1024

/**
 * What survives hibernation with each socket. A live consumer needs no cursor: events are sent to it in
 * the turn in which they get their numbers, so whenever the object sleeps it has all of them. So a live event
 * costs no attachment. In a crash the sockets end too, and consumers come back with their own cursors.
 */
export interface Attachment {
  /** Of the connection, for `untilEnded`. */
  id: string
  /** Number of the last event sent; null: the consumer is live. */
  cursor: number | null
  /** Bytes sent. */
  sent: number
  /** When it connected, in ms since 1970; undefined: before this was kept. */
  since: number | undefined
  /** What it listens to; absent: the firehose. */
  stream?: StreamRequest
}

export type BehindAttachment = Attachment & { cursor: number }

/** @param address as it is counted */
export const viewOf = (
  { id, cursor, sent, since, stream }: Attachment,
  address: string | undefined,
  log: Pick<LogReader, 'head' | 'countAfter'>,
): ConsumerView => ({
  id,
  network: address === undefined ? undefined : coarseNetwork(address),
  since,
  cursor: cursor ?? log.head,
  behind: cursor === null ? 0 : log.countAfter(cursor),
  sent,
  ...(stream && { stream: stream.nsid }),
})

/** What consumers are served from, and what they share. */
export interface ConsumerParts {
  log: LogReader
  retention: Retention
  unread: UnreadBytes
  closing: ClosingConnections
  admission: Admission
  wire: Wire
  /** Whether requests wait for what becomes of connections also when these are live; it keeps the object awake. */
  watchesLive: boolean
}

/** Who connects. */
export interface Newcomer {
  id: string
  /** Where it comes from; undefined: that is not counted. */
  address: string | undefined
  /** The last event that it has; undefined: it wants those from now on. */
  cursor: number | undefined
  stream?: StreamRequest
}

/** Who connects with a request, as `SequencerRpc.fetch` describes it. */
export function newcomerOf({ url }: Pick<Request, 'url'>): Newcomer {
  const { searchParams } = new URL(url)
  const cursor = searchParams.get('cursor')
  const stream = searchParams.get('stream')
  return {
    id: searchParams.get('connection') ?? '',
    address: searchParams.get('address') ?? undefined,
    cursor: cursor === null ? undefined : Number(cursor),
    ...(stream !== null && { stream: JSON.parse(stream) as StreamRequest }),
  }
}

/** What is still known of a connection that is being closed. */
export type Ended = Pick<Attachment, 'id' | 'sent' | 'stream'>

/** Whether a count has passed a multiple of `step`. */
export const crosses = (before: number, after: number, step: number): boolean =>
  Math.floor(before / step) !== Math.floor(after / step)

export const bytesOf = (frames: readonly StreamFrame[]): number =>
  frames.reduce((sum, frame) => sum + frameSize(frame), 0)

/** Whether the connection with this id is one of these. */
export const hasId = (states: ReadonlyMap<WebSocket, Attachment>, id: string): boolean =>
  [...states.values()].some((state) => state.id === id)

/** Connections on which something was sent, beginning with the one on which most was. */
export const mostSentFirst = <Socket>(
  all: readonly [Socket, Attachment][],
): [Socket, Attachment][] =>
  all.filter(([, { sent }]) => sent > 0).sort(([, one], [, other]) => other.sent - one.sent)
