/** Subscriptions over the host's log: a Jetstream of the collections of one's own (docs/handlers.md). */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { negotiate } from '../../kernel/cbor/event-stream.ts'
import type { Collection, Collections, RecordOf } from '../../kernel/collections.ts'
import type { OmitKey } from '../../kernel/lexicon-types.ts'
import { schemaOf } from '../../kernel/lexicons.ts'
import type { AnyLoggedAccount, AnyLoggedRecord, AnyLogStream } from '../../kernel/log-streams.ts'
import type { Context, MethodShape } from '../xrpc/define.ts'
import { connectToSequencer } from './connect.ts'

/** Most of what is kept of parameters with each connection, in bytes of JSON. */
const MAX_PARAMS = 700

/** A write of a record, or a deletion, in the order of the log; `record` has the type of its collection. */
export type LoggedRecord<C extends string, P = object> = C extends string
  ? OmitKey<AnyLoggedRecord, 'collection' | 'record' | 'params'> & {
      readonly collection: C
      /** As it was stored, undefined: it was deleted. */
      readonly record: RecordOf<C> | undefined
      /** Of whoever listens, without `cursor`. */
      readonly params: OmitKey<P, 'cursor' & keyof P>
    }
  : never

/** An account of this host has become active, or is not any more. */
export type LoggedAccount<P = object> = OmitKey<AnyLoggedAccount, 'params'> & {
  readonly params: OmitKey<P, 'cursor' & keyof P>
}

/** A message of the lexicon's union; `$type` may be short, `#rated`. */
export type StreamMessage<M extends MethodShape> = MessageOf<M['output']>

type MessageOf<U> = U extends { $type: infer T extends string }
  ? string extends T
    ? never
    : OmitKey<U, '$type'> & { $type: T | (T extends `${string}#${infer Name}` ? `#${Name}` : T) }
  : never

/** What a subscription makes of the log. */
export interface LogSource<M extends MethodShape, C extends string> {
  /** Writes of other ones are passed over. */
  readonly collections: readonly (C & Collection<C>)[]
  /**
   * The message for a write; undefined: there is none. Runs in the sequencer, for all who listen with the same parameters
   * at once: quick, and without I/O. What it throws stands in the log, and the write has no message.
   */
  message(event: LoggedRecord<C, M['params']>): StreamMessage<M> | undefined
  /** The message for an account that was taken down, deactivated, deleted, or is active again. Default: none. */
  account?(event: LoggedAccount<M['params']>): StreamMessage<M> | undefined
}

const PROTOCOL = 'sec-websocket-protocol'

const SOURCE = Symbol('source')

/** A handler of a subscription that is made of the log. */
export type LogHandler<M extends MethodShape> = (context: Context<M, unknown>) => Promise<Response>

/**
 * The handler of a subscription that tells of writes into some collections, from now on or, with a parameter `cursor`, from
 * behind that number of an event. Like the firehose it ends with `FutureCursor` or `ConsumerTooSlow`, and begins with an
 * `#info` of `OutdatedCursor`, where the lexicon has one.
 */
export function fromLog<M extends MethodShape, const C extends string = keyof Collections>(
  source: LogSource<M, C>,
): LogHandler<M> {
  const handler: LogHandler<M> = async (context) => {
    const { cursor, ...others } = context.params as { cursor?: number }
    const { nsid, request } = context
    const params = JSON.stringify(others)
    if (Buffer.byteLength(params) > MAX_PARAMS) {
      throw new InvalidRequestError(`Parameters may come to ${MAX_PARAMS} bytes`)
    }
    const { declared, info } = describe(nsid)
    const offered = request.headers.get(PROTOCOL)
    const { protocol, echo } = negotiate(offered, declared)
    const response = await connectToSequencer(context, cursor, { nsid, protocol, params, info })
    const { webSocket } = response
    if (!webSocket || !echo) return response
    return new Response(null, { status: 101, webSocket, headers: { [PROTOCOL]: echo } })
  }
  return Object.assign(handler, { [SOURCE]: source })
}

/** What a handler was made of; undefined: it is another one. */
export const logSourceOf = (handler: unknown): AnyLogStream | undefined =>
  (handler as { [SOURCE]?: AnyLogStream } | undefined)?.[SOURCE]

/** What the lexicon says of its frames. */
function describe(nsid: string): { declared: unknown; info: boolean } {
  const main = schemaOf(nsid)?.defs.main
  if (main?.type !== 'subscription') return { declared: undefined, info: false }
  const { message } = main
  const refs = message?.schema?.type === 'union' ? message.schema.refs : []
  return {
    declared: subprotocolOf(main),
    info: refs.some((ref) => ref === '#info' || ref === `${nsid}#info`),
  }
}

/** The field is of a draft (atproto proposal 0015): the types of lexicons do not have it yet. */
export const subprotocolOf = (main: object): unknown =>
  'subprotocol' in main ? main.subprotocol : undefined
