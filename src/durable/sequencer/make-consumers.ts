import type { Env } from '../../contracts/env.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Sources } from '../../storage/sequencer/sources.ts'
import { Admission } from './admission.ts'
import { ClosingConnections } from './closing.ts'
import { Consumers } from './consumers.ts'
import { UnreadBytes } from './unread.ts'
import { firehoseWire, StreamWire, type Wire } from './wire.ts'

interface Parts {
  log: LogReader
  /** The same for streams, with whether accounts may be seen where `sources` does not know. */
  streamLog?: LogReader
  retention: Retention
  sources: Sources
  logger(): Logger
}

/** The consumers of the firehose, and those of a project's subscriptions, who get no room of the others'. */
export function makeConsumers(
  ctx: DurableObjectState,
  env: Pick<Env, 'BLOB_DISK'>,
  { firehose }: Pick<Config, 'firehose'>,
  { log, streamLog = log, retention, sources, logger }: Parts,
): { consumers: Consumers; streams: Consumers } {
  const make = (kind: 'firehose' | 'streams', log: LogReader, wire: Wire) => {
    const unread = new UnreadBytes(firehose.maxUnread)
    return new Consumers(ctx, {
      ...{ log, retention, unread, wire },
      closing: new ClosingConnections(ctx, unread, logger),
      admission: new Admission(ctx, firehose.consumers, kind),
      // On Cloudflare an object that is awake costs, and a request may not wait for long.
      watchesLive: env.BLOB_DISK !== undefined,
    })
  }
  const consumers = make('firehose', log, firehoseWire)
  const streams = make('streams', streamLog, new StreamWire({ sources, logger }))
  if (streams.count > 0) ctx.blockConcurrencyWhile(() => streams.load())
  return { consumers, streams }
}
