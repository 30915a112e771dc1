/**
 * Event streams (event stream specification) as typed loops, over `@atproto/ws-client`, which connects again when a
 * connection is lost. Copied into clients of namespaces that have subscriptions.
 */
import {
  getMain,
  type InferInput,
  type InferMethodError,
  type InferSubscriptionMessage,
  type Main,
  type Subscription,
} from '@atproto/lex'
import { decodeAll } from '@atproto/lex-cbor'
import { type WebSocketOptions, websocket } from '@atproto/ws-client'
import type { Connection } from './client.ts'

/** The host ended the stream and said why. */
export class SubscriptionError extends Error {
  override name = 'SubscriptionError'
  /** The name of the error, such as `FutureCursor`. */
  readonly error: string

  constructor(error: string, message: string) {
    super(message)
    this.error = error
  }

  /** Asking again would bring the same. */
  readonly shouldRetry = (): boolean => false
}

type Params<M extends Subscription> = InferInput<M['parameters']>

/** `signal` ends the loop; `headers` are for Node, since browsers send none with a WebSocket. */
export type SubscriptionOptions = Omit<WebSocketOptions<'binary'>, 'dataMode'>

/**
 * A subscription: `for await (const message of client.com.example.watch({ cursor })) …`. `break` ends it. After a lost
 * connection it goes on behind the last message with a `seq`, where the lexicon knows a `cursor`.
 *
 * @throws SubscriptionError
 */
export interface SubscriptionCall<M extends Subscription> {
  (
    ...given: NonNullable<unknown> extends Params<M>
      ? [params?: Params<M>, options?: SubscriptionOptions]
      : [params: Params<M>, options?: SubscriptionOptions]
  ): AsyncGenerator<InferSubscriptionMessage<M>, void, unknown>
  /** The lexicon. */
  readonly schema: M
  /** Whether the stream ended with an error that its lexicon declares: with this one, or with any of them. */
  isError<N extends InferMethodError<M>>(
    error: unknown,
    ...names: N[]
  ): error is SubscriptionError & { readonly error: N }
}

export function subscription<const M extends Subscription>(
  connection: Connection,
  main: Main<M>,
): SubscriptionCall<M> {
  const schema = getMain(main)
  const call = (params: Params<M>, options?: SubscriptionOptions) =>
    read(connection, schema, (params ?? {}) as Record<string, unknown>, options)
  return Object.assign(call, {
    schema,
    isError: (error: unknown, ...names: string[]) =>
      error instanceof SubscriptionError &&
      (names.length > 0 ? names : (schema.errors ?? [])).includes(error.error),
  }) as unknown as SubscriptionCall<M>
}

async function* read<M extends Subscription>(
  { address, lex }: Connection,
  schema: M,
  params: Record<string, unknown>,
  options: SubscriptionOptions = {},
): AsyncGenerator<InferSubscriptionMessage<M>, void, unknown> {
  const given = { ...params }
  const resumes = schema.parameters.shape.cursor !== undefined
  const frames = websocket<'binary'>(
    async () => {
      const url = new URL(`/xrpc/${schema.nsid}`, await address())
      url.protocol = url.protocol.replace('http', 'ws')
      url.search = schema.parameters.toURLSearchParams(given as never).toString()
      return url
    },
    { ...options, dataMode: 'binary' },
  )
  for await (const frame of frames) {
    const message = parse(schema.nsid, frame)
    if (resumes && typeof message.seq === 'number') given.cursor = message.seq
    yield (
      lex.xrpcDefaults.validateResponse ? schema.message.parse(message) : message
    ) as InferSubscriptionMessage<M>
  }
}

/** A frame is a header and a body, one after the other. @throws SubscriptionError for one that is an error */
function parse(nsid: string, frame: Uint8Array): Record<string, unknown> {
  const [header, body] = [...decodeAll(frame)] as [
    { op: number; t?: string },
    Record<string, unknown>,
  ]
  if (header.op !== 1) {
    throw new SubscriptionError(String(body.error), String(body.message ?? body.error))
  }
  if (header.t === undefined) return body
  return { ...body, $type: header.t.startsWith('#') ? `${nsid}${header.t}` : header.t }
}
