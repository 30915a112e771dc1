import type { Env } from '../../contracts/env.ts'
import type { Config } from '../../kernel/config/config.ts'
import { createLogger } from '../../kernel/log.ts'
import { DiskSpace } from '../../services/objects/disk-space.ts'
import { hostObjects } from '../../services/objects/stubs.ts'
import { JobTable } from '../../storage/jobs.ts'
import type { Activity } from '../../storage/sequencer/activity.ts'
import type { EventLog, SequencedEvent } from '../../storage/sequencer/log.ts'
import { UNDIVIDED } from '../../storage/sequencer/log-division.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { SourceCollections } from '../../storage/sequencer/source-collections.ts'
import type { Sources } from '../../storage/sequencer/sources.ts'
import { RpcDispatcher } from '../dispatcher.ts'
import type { LogShards, MakeLogShards } from '../log-shards/make.ts'
import { Scheduler } from '../scheduler.ts'
import { AlarmCoverage } from './alarm-coverage.ts'
import type { Consumers } from './consumers.ts'
import type { CrawlRequests } from './crawl-requests.ts'
import type { AppendedEvents, Taken } from './grouped-store.ts'
import type { IndexFeed, SourcedLog } from './index-feed.ts'
import { makeConsumers } from './make-consumers.ts'
import { makeIndex } from './make-index.ts'
import { makeJobs } from './make-jobs.ts'
import { WebhookWake } from './webhook-wake.ts'

/** What a sequencer stores. */
export interface SequencerStore {
  sql: SqlStorage
  log: EventLog
  sources: Sources
  collections: SourceCollections
  retention: Retention
  activity: Activity
  crawl: CrawlRequests
}

interface Calls {
  /** Sends events out that were stored in this turn, and starts what is due by them. */
  announce(stored: readonly SequencedEvent[]): Promise<void>
  /** To be called when what is due may have changed. */
  reschedule(): Promise<void>
  /** See `GroupedStore.take`. */
  take(events: AppendedEvents): Taken
}

/** What a sequencer does with what it stores. */
export interface SequencerParts {
  consumers: Consumers
  /** Of subscriptions that a project has made of the log. They get no room of the firehose's. */
  streams: Consumers
  scheduler: Scheduler
  index: IndexFeed
  webhooks: WebhookWake
  coverage: AlarmCoverage
  dispatcher: RpcDispatcher<object>
  /** What readers of the log are given. */
  read: SourcedLog
  /** Where several objects share the log: what this one does of that. */
  shards: LogShards | undefined
  activity(): { lastEventAt: number | undefined; consumers: number }
}

/** @param makeLogShards where several objects share the log */
export function makeParts(
  ctx: DurableObjectState,
  env: Env,
  config: Config,
  store: SequencerStore,
  calls: Calls,
  makeLogShards?: MakeLogShards,
): SequencerParts {
  const { sql, log, sources, retention, crawl } = store
  const logger = () => createLogger({ object: 'sequencer' })
  const objects = hostObjects(env)
  const shards = makeLogShards?.({
    ...store,
    ...calls,
    ...{ ctx, config, objects },
    index: () => index,
    start: (job) => scheduler.start(job),
  })
  const read = shards?.merged?.log ?? log
  const shared = { log: read, streamLog: shards?.merged?.streamLog, retention, sources, logger }
  const { consumers, streams } = makeConsumers(ctx, env, config, shared)
  const { index, division } = makeIndex(ctx.storage, sql, config, { ...shared, objects })
  const webhooks = new WebhookWake(ctx.storage.kv, {
    head: () => read.head,
    wake: (head) => objects.hostIndex.webhooks.wake(head),
  })
  const activity = () => ({ lastEventAt: read.lastEventAt, consumers: consumers.count })
  const coverage = new AlarmCoverage({
    ...{ log, retention },
    removal: () => shards?.nextRemoval() ?? retention.due(),
    isWaiting: () => crawl.waits(activity()),
  })
  const own = makeJobs({ retention, crawl, index, webhooks, division, activity })
  const jobs = shards?.jobsBeside(own) ?? own
  const scheduler = new Scheduler(ctx, new JobTable(sql), logger, jobs, new DiskSpace(env))
  // The setting may have changed, and what is not known to be done is gone on with.
  for (const job of [division, ...(shards?.resumed ?? [])]) {
    if (jobs.includes(job) && job.due?.() !== undefined) ctx.waitUntil(scheduler.resume(job))
  }
  const dispatcher = new RpcDispatcher(shards?.rpc ?? UNDIVIDED)
  return {
    ...{ consumers, streams, scheduler, index, webhooks, coverage, dispatcher, read, shards },
    activity,
  }
}
