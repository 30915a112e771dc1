import type { LogRpc } from '../../contracts/log-shard.ts'
import type { LogPlace } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Activity } from '../../storage/sequencer/activity.ts'
import { Batches } from '../../storage/sequencer/batches.ts'
import type { EventLog, SequencedEvent } from '../../storage/sequencer/log.ts'
import { keepPlace, placeOf } from '../../storage/sequencer/log-division.ts'
import { LogLayouts, Successor } from '../../storage/sequencer/log-layouts.ts'
import { MovedSources } from '../../storage/sequencer/moved-sources.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { SourceCollections } from '../../storage/sequencer/source-collections.ts'
import type { Sources } from '../../storage/sequencer/sources.ts'
import type { Job } from '../scheduler.ts'
import type { AppendedEvents, Taken } from '../sequencer/grouped-store.ts'
import type { IndexFeed, SourcedLog } from '../sequencer/index-feed.ts'
import { BatchSender } from './batch-sender.ts'
import { divideLog } from './divide.ts'
import { LogFront } from './front.ts'
import { HostLists } from './host-lists.ts'
import { MergedLog } from './merged-log.ts'
import { PurgeElsewhere } from './purge-elsewhere.ts'
import { RemoveBatches } from './remove-batches.ts'
import { LogShard } from './shard.ts'
import { StreamLog } from './stream-log.ts'

interface Parts {
  ctx: DurableObjectState
  sql: SqlStorage
  log: EventLog
  sources: Sources
  collections: SourceCollections
  retention: Retention
  activity: Activity
  objects: Pick<HostObjects, 'logShard' | 'logFront' | 'logSequencer'>
  config: { logShards: number; eventRetention: { time: number } }
  start(job: Job): void
  reschedule(): Promise<void>
  announce(stored: readonly SequencedEvent[]): Promise<void>
  take(events: AppendedEvents): Taken
  index(): IndexFeed
}

/** What this object does, where several share the log. */
export interface LogShards {
  /** Hands what it has stored over to the sequencer, and forgets what could not be stored; undefined: this is the sequencer. */
  sender: { begin(): Promise<void>; forget(): void } | undefined
  /** What consumers read, and streams, which are told whether accounts may be seen; undefined: this object's own. */
  merged: { log: MergedLog; streamLog: SourcedLog } | undefined
  front: LogFront | undefined
  lists: HostLists | undefined
  rpc: Partial<LogRpc>
  /** Its jobs, with those of a sequencer: one of several objects that keep events removes these, and tells nobody else of them. */
  jobsBeside(others: readonly Job[]): Job[]
  /** When events of other objects are to be removed next; undefined: there are none. */
  nextRemoval(): number | undefined
  /** What is to be gone on with when the object begins. */
  resumed: readonly Job[]
}

export type MakeLogShards = (parts: Parts) => LogShards

/** The parts of an object that shares the log with others, or is the sequencer of those. */
export const makeLogShards: MakeLogShards = (parts) => {
  const place = placeOf(parts.ctx)
  return place ? makeShard(parts, place) : makeFront(parts)
}

function makeShard(parts: Parts, place: LogPlace): LogShards {
  keepPlace(parts.ctx, place)
  const { shard, jobs, sender } = shardParts(parts, place)
  return {
    sender: { begin: async () => parts.start(sender.job), forget: () => sender.forget() },
    ...{ merged: undefined, front: undefined, lists: undefined },
    rpc: { shard },
    jobsBeside: () => jobs,
    nextRemoval: () => undefined,
    resumed: [sender.job],
  }
}

function makeFront(parts: Parts): LogShards {
  const { ctx, sql, log, sources, collections, retention, objects, config } = parts
  const { storage } = ctx
  const layouts = new LogLayouts(storage, sql)
  const batches = new Batches(storage, sql)
  const merged = new MergedLog({ log, batches, retention, objects, layouts: () => layouts.all() })
  const lists = new HostLists({
    layouts: () => layouts.all(),
    objects,
    own: { sources, collections, activity: () => parts.activity.read(Date.now()) },
  })
  const { time } = config.eventRetention
  const flush = () => parts.index().flushSoon()
  const removal = new RemoveBatches({ batches, layouts, retention, objects, time, flush })
  const index = {
    get isOn() {
      return parts.index().isOn
    },
    begun: () => parts.index().begun(),
    settled: (did: string) => parts.index().settled(did),
  }
  const { announce, start } = parts
  const front = new LogFront({
    batches,
    layouts,
    merged,
    lists,
    removal,
    index,
    announce,
    start,
  })
  const { shard } = shardParts(parts, undefined)
  const division = divideLog({
    ...{ layouts, objects, own: shard, wanted: config.logShards },
    head: () => merged.head,
  })
  return {
    sender: undefined,
    merged: { log: merged, streamLog: new StreamLog(merged, lists) },
    ...{ front, lists },
    rpc: { shard, front },
    jobsBeside: (others) => [...others, removal.job, division],
    nextRemoval: () => removal.job.due?.(),
    resumed: [division],
  }
}

/** @param place undefined: the sequencer, which may have kept events before */
function shardParts(parts: Parts, place: LogPlace | undefined) {
  const { ctx, sql, log, sources, retention, objects } = parts
  const successor = new Successor(sql)
  const sender = new BatchSender({
    log,
    place,
    front: () => objects.logFront,
    facts: () => ({ accounts: sources.count(), tooMuchTo: retention.tooMuchTo }),
  })
  const elsewhere = new PurgeElsewhere({ sql, place, objects, sent: () => sender.flush() })
  const moved = new MovedSources(ctx.storage, sql)
  const shard = new LogShard({ ...parts, place, successor, moved, sender, elsewhere })
  const purge: Job = {
    name: 'remove old events',
    due: () => retention.due(),
    async run() {
      while (retention.step(Date.now())) await scheduler.wait(0)
    },
  }
  return { shard, sender, jobs: [purge, sender.job, elsewhere.job] }
}
