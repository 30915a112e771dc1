/** What consumers are sent for an event: the firehose, the event itself; a subscription of a project, what it makes of it. */
import type { StreamRequest } from '../../contracts/sequencer.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import { errorFrame, messageFrame, type StreamFrame } from '../../kernel/cbor/event-stream.ts'
import type { Logger } from '../../kernel/log.ts'
import { type AnyLogStream, logStream } from '../../kernel/log-streams.ts'
import { recordValue } from '../../services/records/json.ts'
import { type LoggedEvent, readFrame } from '../../storage/index/feed.ts'
import type { SequencedEvent } from '../../storage/sequencer/log.ts'
import type { Sources } from '../../storage/sequencer/sources.ts'

/** Consumers that are served by one wire ask for one kind of stream. */
export interface Wire {
  /** Loads what is needed for a consumer; undefined: nothing is. */
  load(stream: StreamRequest | undefined): Promise<void> | undefined
  /** Whether there still is such a stream. */
  has(stream: StreamRequest | undefined): boolean
  /** In the order in which they are sent. */
  framesOf(stream: StreamRequest | undefined, event: SequencedEvent): readonly StreamFrame[]
  error(stream: StreamRequest | undefined, name: string, message: string): StreamFrame
  /** Says that events may be missing; undefined: this stream has no words for it. */
  outdated(stream: StreamRequest | undefined): StreamFrame | undefined
}

const OUTDATED = {
  $type: '#info',
  name: 'OutdatedCursor',
  message: 'Requested cursor exceeded limit. Possibly missing events',
}

const FIREHOSE = 'com.atproto.sync.subscribeRepos'

/** `com.atproto.sync.subscribeRepos`: events as they are stored. */
export const firehoseWire: Wire = {
  load: () => undefined,
  has: () => true,
  framesOf: (_, { frame }) => [frame],
  error: (_, name, message) => errorFrame('xrpc.v0.cbor', name, message),
  outdated: () => messageFrame('xrpc.v0.cbor', FIREHOSE, OUTDATED),
}

interface Parts {
  sources: Pick<Sources, 'isActive'>
  logger(): Logger
}

/** Subscriptions that a project has made of the log (`fromLog`). */
export class StreamWire implements Wire {
  readonly #parts: Parts
  readonly #streams = new Map<string, AnyLogStream | undefined>()
  /** What was made of the last event, for those who ask for the same. */
  #made = new Map<string, readonly StreamFrame[]>()
  #seq: number | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  load(stream: StreamRequest | undefined): Promise<void> | undefined {
    const nsid = stream?.nsid ?? ''
    if (this.#streams.get(nsid)) return undefined
    return logStream(nsid).then(
      (found) => {
        this.#streams.set(nsid, found)
      },
      (error: unknown) => {
        this.#parts.logger().error('a subscription cannot be loaded', error, { nsid })
      },
    )
  }

  has(stream: StreamRequest | undefined): boolean {
    return this.#streams.get(stream?.nsid ?? '') !== undefined
  }

  framesOf(stream: StreamRequest | undefined, event: SequencedEvent): readonly StreamFrame[] {
    const definition = this.#streams.get(stream?.nsid ?? '')
    if (!stream || !definition) return []
    if (this.#seq !== event.seq) {
      this.#made = new Map()
      this.#seq = event.seq
    }
    const { nsid, protocol, params } = stream
    const key = `${protocol} ${nsid} ${params}`
    let made = this.#made.get(key)
    if (!made) {
      made = this.#make(stream, definition, event)
      this.#made.set(key, made)
    }
    return made
  }

  error(stream: StreamRequest | undefined, name: string, message: string): StreamFrame {
    return errorFrame(stream?.protocol ?? 'xrpc.v0.cbor', name, message)
  }

  outdated(stream: StreamRequest | undefined): StreamFrame | undefined {
    return stream?.info ? messageFrame(stream.protocol, stream.nsid, OUTDATED) : undefined
  }

  #make(
    { nsid, protocol, params }: StreamRequest,
    definition: AnyLogStream,
    { seq, frame, active }: SequencedEvent,
  ): StreamFrame[] {
    const logged = readFrame(frame, (collection) => definition.collections.includes(collection))
    if (!logged) return []
    const frames: StreamFrame[] = []
    const isActive = () => active ?? this.#parts.sources.isActive(logged.did)
    for (const tell of messagesOf(definition, logged, { seq, params }, isActive)) {
      try {
        const message = tell()
        if (message) frames.push(messageFrame(protocol, nsid, message))
      } catch (error) {
        // What a stranger wrote must not end the stream for all, again and again.
        this.#parts.logger().error('a message of a subscription was left out', error, { nsid, seq })
      }
    }
    return frames
  }
}

/** What makes the messages of an event. Of accounts that may not be seen now there is nothing but that. */
function messagesOf(
  definition: AnyLogStream,
  logged: LoggedEvent,
  { seq, params }: { seq: number; params: string },
  isActive: () => boolean,
) {
  const { did, time } = logged
  const said = () => ({ did, seq, time, params: JSON.parse(params) as object })
  if (logged.kind === 'account') {
    const { state, status } = logged
    return [() => definition.account?.({ ...said(), active: state === 'active', status })]
  }
  if (logged.kind !== 'commit' || logged.changes.length === 0 || !isActive()) return []
  return logged.changes.map(({ action, collection, rkey, cid, block }) => () => {
    const record = block && recordValue(block)
    // Of what was imported there may be none.
    if (action !== 'delete' && record === undefined) return undefined
    return definition.message({
      ...said(),
      ...{ action, collection, rkey, record, rev: logged.rev },
      uri: `at://${did}/${collection}/${rkey}`,
      cid: cid && cidString(cid),
    })
  })
}
