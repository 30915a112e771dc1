import { DurableObject } from 'cloudflare:workers'
import type { RpcObject, RpcResult } from '../contracts/answer.ts'
import type { Env } from '../contracts/env.ts'
import type { HooksEntrypoint, HostIndexRpc } from '../contracts/host-index.ts'
import type { JobsEntrypoint } from '../contracts/jobs.ts'
import { collectionDefinitions, NO_COLLECTIONS } from '../kernel/collection-files.ts'
import { readConfig } from '../kernel/config/config.ts'
import { jobDefinitions, NO_JOBS } from '../kernel/job-files.ts'
import { createLogger } from '../kernel/log.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { indexSpecs } from '../services/collections/specs.ts'
import { networkOf } from '../services/network.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { hostObjects, indexStub } from '../services/objects/stubs.ts'
import { AppJobs } from '../storage/index/app-jobs.ts'
import { HostIndex } from '../storage/index/host-index.ts'
import { IndexQueries } from '../storage/index/query.ts'
import { migrations } from '../storage/index/schema.ts'
import { ShardPlace } from '../storage/index/shard-place.ts'
import { WebhookLetters } from '../storage/index/webhook-letters.ts'
import { WebhookStates } from '../storage/index/webhook-states.ts'
import { JobTable } from '../storage/jobs.ts'
import { migrate } from '../storage/migrate.ts'
import { countRows } from '../storage/sql.ts'
import { RpcDispatcher } from './dispatcher.ts'
import { catchUpHooks } from './index/catch-up.ts'
import { IndexFeed } from './index/feed.ts'
import { fillIndex } from './index/filler.ts'
import { handOver } from './index/handover.ts'
import { HookRunner } from './index/hook-runner.ts'
import { IndexOperator } from './index/operator.ts'
import { queryParts } from './index/queries.ts'
import { IndexTakedowns } from './index/takedowns.ts'
import { JobRunner } from './jobs/runner.ts'
import { prepareFor } from './jobs/schedule.ts'
import { type Job, Scheduler } from './scheduler.ts'
import { WebhookOperator } from './webhooks/operator.ts'
import type { WebhookRunnerParts } from './webhooks/parts.ts'
import { WebhookRunner } from './webhooks/runner.ts'

/**
 * Rows over all accounts, by what collection files say, and what waits for their hooks: a thin shell over
 * `src/storage/index`. It has nothing that could not be made again of the repositories, but for the writes that hooks were
 * not told of yet.
 */
export class IndexObject extends DurableObject<Env> implements RpcObject {
  readonly #dispatcher: RpcDispatcher<HostIndexRpc>
  readonly #scheduler: Scheduler

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('index', this)
    const { storage } = ctx
    migrate(storage, migrations)
    const rowCounter = readConfig({ ...env }).devMode ? countRows(storage.sql) : undefined
    const sql = rowCounter?.sql ?? storage.sql
    const index = new HostIndex(storage, sql, { overwrites: env.BLOB_DISK !== undefined })
    const isFirst = ctx.id.equals(indexStub(env).id)
    const place = new ShardPlace(storage.kv, isFirst)
    const log = () => createLogger({ object: 'index' })
    let collections = NO_COLLECTIONS
    let ofApp = NO_JOBS

    const hooks = new HookRunner({
      tasks: index.tasks,
      definitions: () => collections.definitions,
      entrypoint: () => entrypointsOf(ctx).Hooks,
      log,
      reschedule: () => ctx.waitUntil(this.#scheduler.reschedule()),
      start: () => this.#scheduler.start(hooks.job),
      isHeld: () => place.holdsHooks,
      freed: () => {
        if (catchUp.due?.() !== undefined) this.#scheduler.start(catchUp)
      },
    })
    const appJobs = new JobRunner({
      jobs: new AppJobs(sql),
      definitions: () => ofApp,
      entrypoint: () => entrypointsOf(ctx).Jobs,
      log,
      start: () => this.#scheduler.start(appJobs.job),
      reschedule: () => ctx.waitUntil(this.#scheduler.reschedule()),
    })
    const objects = hostObjects(env)
    const filling = fillIndex(index, objects, place)
    // What was made for a file that cannot be loaded now stays as it is.
    const adopt = () => {
      const keep = new Set(collections.failed.keys())
      index.definitions.adopt(indexSpecs(collections.definitions), Date.now(), keep)
    }
    const feed = new IndexFeed(index, () => collections, {
      ...{ log, hooks, place, adopt, taken: () => startDue() },
      // The one that a host begins with has its jobs, too.
      clear: () => (isFirst ? index.clear() : this.#destroy(index)),
    })
    const catchUp = catchUpHooks(index, {
      ...{ wanted: feed, log, readLog: (after) => objects.sequencer.readLog(after) },
      isRetired: () => !place.isActive,
      added: () => hooks.kick(),
    })
    const handingOver = handOver(index, { place, hooks, objects })
    const removal: Job = {
      name: 'remove deleted accounts',
      due: () => (index.accounts.nextDeleted() === undefined ? undefined : Date.now()),
      async run() {
        while (index.removeDeleted()) await scheduler.wait(0)
      },
    }
    const config = readConfig({ ...env })
    const ofWebhooks: WebhookRunnerParts = {
      states: new WebhookStates(sql),
      letters: new WebhookLetters(sql),
      objects,
      networks: networkOf(env, config),
      reachPrivate: config.reachPrivate,
      transaction: (work) => storage.transactionSync(work),
      log,
      start: () => this.#scheduler.start(webhooks.job),
      // While a job runs nothing else is known of it than that it does.
      reschedule: () =>
        ctx.waitUntil(
          this.#scheduler.finished(webhooks.job).then(() => this.#scheduler.reschedule()),
        ),
    }
    const webhooks = new WebhookRunner(ofWebhooks)
    const jobs = [hooks.job, catchUp, handingOver, filling, removal, appJobs.job, webhooks.job]
    this.#scheduler = new Scheduler(ctx, new JobTable(sql), log, jobs, new DiskSpace(env))
    const startDue = () => {
      for (const job of jobs) if (job.due?.() !== undefined) this.#scheduler.start(job)
    }
    // What an earlier life has left, and what a new release wants.
    ctx.blockConcurrencyWhile(async () => {
      collections = await collectionDefinitions()
      ofApp = await jobDefinitions()
      await prepareFor(ofApp.definitions.values())
      for (const error of [...collections.failed.values(), ...ofApp.failed.values()]) {
        log().error('a file of the project cannot be loaded', error, { file: error.file })
      }
      const { wasStuck, since } = noteStart(storage.kv, env)
      if (wasStuck) index.tasks.noteStuck(since)
      if (isFirst) appJobs.adopt(Date.now(), wasStuck)
      for (const collection of index.tasks.collections()) {
        if (!feed.hasHook(collection)) index.tasks.forget(collection)
      }
      if (place.isActive) adopt()
      for (const job of jobs)
        if (job.due?.() !== undefined) ctx.waitUntil(this.#scheduler.resume(job))
    })
    const operator = new IndexOperator(index, () => collections, startDue)
    const queries = new IndexQueries(sql, index.definitions, index.accounts)
    this.#dispatcher = new RpcDispatcher<HostIndexRpc>({
      feed,
      takedowns: new IndexTakedowns(index, place, objects),
      ...queryParts(queries, place),
      handover: { take: (handover) => index.taker.take(handover) },
      hooks: {
        letters: (...page) => {
          place.assertActive()
          return operator.letters(...page)
        },
        replay: (id) => {
          place.assertActive()
          return operator.replay(id)
        },
        drop: (id) => {
          place.assertActive()
          return operator.drop(id)
        },
      },
      jobs: appJobs,
      webhooks: new WebhookOperator(webhooks, ofWebhooks),
      operator: {
        report: () => {
          place.assertActive()
          return operator.report()
        },
      },
      rowCounts: { take: () => rowCounter?.take() ?? { read: 0, written: 0 } },
    })
  }

  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#dispatcher.call(part, method, args)
  }

  /** All of it is gone; who still asks is told so. */
  async #destroy(index: HostIndex): Promise<void> {
    const { storage } = this.ctx
    await storage.deleteAlarm()
    await storage.deleteAll()
    migrate(storage, migrations)
    index.clearCache()
    this.#scheduler.clearCache()
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm()
  }
}

interface Start {
  /** In ms since the epoch. */
  at: number
  stuckAt: string | undefined
}

/**
 * Notes that the object starts.
 *
 * @returns when it last did, and whether the process was ended then because it did not answer any more; of each says so once
 */
function noteStart(kv: DurableObjectStorage['kv'], { STUCK_AT: stuckAt }: Env) {
  const last = kv.get<Start>('start')
  kv.put('start', { at: Date.now(), stuckAt } satisfies Start)
  return { since: last?.at ?? 0, wasStuck: Boolean(stuckAt) && last?.stuckAt !== stuckAt }
}

/** The entrypoints as the platform knows them; the types of `exports` are those of a generated declaration only. */
const entrypointsOf = ({ exports }: DurableObjectState) =>
  exports as unknown as { Hooks: HooksEntrypoint; Jobs: JobsEntrypoint }
