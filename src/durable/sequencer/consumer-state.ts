/** What is known of each consumer of the firehose, and what of it is shown to the operator. */
import type { ConsumerView } from '../../contracts/sequencer.ts'
import { coarseNetwork } from '../../kernel/net/client-network.ts'
import type { EventLog } from '../../storage/sequencer/log.ts'

/**
 * What survives hibernation with each socket. A live consumer needs no cursor: events are sent to it in
 * the turn in which they are stored, so whenever the object sleeps it has all of them. So a live event
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
}

export type BehindAttachment = Attachment & { cursor: number }

/** @param address as it is counted */
export const viewOf = (
  { id, cursor, sent, since }: Attachment,
  address: string | undefined,
  log: Pick<EventLog, 'head' | 'countAfter'>,
): ConsumerView => ({
  id,
  network: address === undefined ? undefined : coarseNetwork(address),
  since,
  cursor: cursor ?? log.head,
  behind: cursor === null ? 0 : log.countAfter(cursor),
  sent,
})

/** Who connects. */
export interface Newcomer {
  id: string
  /** Where it comes from; undefined: that is not counted. */
  address: string | undefined
  /** The last event that it has; undefined: it wants those from now on. */
  cursor: number | undefined
}

/** What is still known of a connection that is being closed. */
export type Ended = Pick<Attachment, 'id' | 'sent'>

/** Whether a count has passed a multiple of `step`. */
export const crosses = (before: number, after: number, step: number): boolean =>
  Math.floor(before / step) !== Math.floor(after / step)
