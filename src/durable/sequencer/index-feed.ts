import type { LogPage } from '../../contracts/sequencer.ts'
import { hasCollectionFiles } from '../../kernel/collection-files.ts'
import { type IndexLayout, shardOf } from '../../kernel/index-shards.ts'
import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { HookRange } from '../../storage/index/host-index.ts'
import type { ShardOrder } from '../../storage/index/shard-place.ts'
import type { IndexLayouts, StoredLayout } from '../../storage/sequencer/index-layouts.ts'
import type { SourcedEvent } from '../../storage/sequencer/log.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Job } from '../scheduler.ts'
import { ShardFeed, type SourcedPage } from './shard-feed.ts'

/** Events, and bytes of events, sent at once. */
const PAGE = 500
const PAGE_BYTES = 4 * 1024 * 1024

/** ms that an event waits for the index to say where it stands, and a change of an account to be seen there. */
const PATIENCE = 2_000

/** ms for which events wait while one layout takes over from another. */
const SWITCH = 1_000

/** The log, wherever its events are. */
export interface SourcedLog extends LogReader {
  /** As `after`, with whose event each is. */
  afterWithSources(
    cursor: number,
    limit: number,
    bytes: number,
  ): SourcedEvent[] | Promise<SourcedEvent[]>
}

interface Parts {
  log: SourcedLog
  retention: Pick<Retention, 'prunedTo'>
  layouts: IndexLayouts
  objects: Pick<HostObjects, 'indexShard'>
  logger(): Logger
}

/** The next events behind one. */
export async function readPage(
  log: Pick<LogReader, 'after' | 'head'>,
  { prunedTo }: Pick<Retention, 'prunedTo'>,
  after: number,
): Promise<LogPage> {
  const { head } = log
  const events = await log.after(after, PAGE, PAGE_BYTES)
  return { events, upTo: events.at(-1)?.seq ?? Math.min(after, head), prunedTo }
}

/** Hands the log to the host's index: to each object of each layout the events of its accounts. */
export class IndexFeed {
  readonly #parts: Parts
  /** By name. */
  readonly #feeds = new Map<string, ShardFeed>()
  /** The last page that was read, for those who stand where another has just stood. */
  #page: (SourcedPage & { after: number; head: number }) | undefined
  /** While one layout takes over from another. */
  #switching: Promise<unknown> | undefined

  readonly job: Job = {
    name: 'feed the index',
    // Whoever asks for records wants them.
    maxBackoff: 30_000,
    due: () => (this.isOn && this.#all().some(({ isBehind }) => isBehind) ? Date.now() : undefined),
    run: async () => {
      if (!this.isOn) return
      const ended = await Promise.allSettled(this.#all().map((feed) => feed.run()))
      this.#page = undefined
      const failed = ended.find((end) => end.status === 'rejected')
      if (failed) throw failed.reason
    },
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** See `SequencerRpc.indexLayouts`. */
  layouts(): { serving: StoredLayout; next: StoredLayout | undefined } {
    const { layouts } = this.#parts
    return { serving: layouts.serving, next: layouts.in('fills') }
  }

  /** Whether anybody wants the log: without collection files there is no index. */
  get isOn(): boolean {
    return hasCollectionFiles()
  }

  /**
   * To be awaited before the first event of a life is stored: an index that is new begins to read here, so hooks are told
   * of it. An object that does not answer is not waited for long, and once only.
   */
  async begun(): Promise<void> {
    if (!this.isOn) return
    if (this.#switching) await this.#switching
    const unknown = this.#all().filter(({ hasBegun, isSlow }) => !hasBegun && !isSlow)
    if (unknown.length === 0) return
    const beginning = Promise.all(unknown.map((feed) => feed.begin()))
    await Promise.race([beginning, scheduler.wait(PATIENCE)]).catch((error: unknown) => {
      this.#parts.logger().error('the index does not answer', error)
    })
    for (const feed of unknown) if (!feed.hasBegun) feed.noteSlow()
  }

  /** Sends to those who have nothing under way, while others may keep the job waiting. */
  kick(): void {
    const feeds = this.isOn ? this.#all() : []
    // What fails is the job's to tell.
    if (feeds.length > 1) for (const feed of feeds) feed.run().catch(() => undefined)
  }

  /** Resolves when the index has read what there is of an account, but not much later. */
  async settled(did: string): Promise<void> {
    const feeds = this.#parts.layouts
      .all()
      .flatMap((layout) => this.#of(layout)[shardOf(did, layout.shards)] ?? [])
    const settled = Promise.allSettled(feeds.map((feed) => feed.catchUp()))
    await Promise.race([settled, scheduler.wait(PATIENCE)])
  }

  /** Has all objects of a layout, or of all, note how far the log was read. */
  async flush(layout?: StoredLayout): Promise<void> {
    if (!this.isOn) return
    const feeds = layout ? this.#of(layout) : this.#all()
    await Promise.all(feeds.map((feed) => feed.flush()))
  }

  /** The same of all, before old events are removed; one that does not answer is not waited for. */
  async flushSoon(): Promise<void> {
    const flushed = this.flush().catch((error: unknown) => {
      this.#parts.logger().error('the index does not answer', error)
    })
    await Promise.race([flushed, scheduler.wait(PATIENCE)])
  }

  /** What an object of a layout is told of itself; undefined: it serves no more, and knows, or is told, why. */
  orderOf({ state, generation, shards }: StoredLayout, shard: number): ShardOrder | undefined {
    const { layouts } = this.#parts
    if (state !== 'serves' && state !== 'fills') return undefined
    const fills = layouts.in('fills')
    const isServing = state === 'serves'
    return {
      ...{ layout: { generation, shards }, shard },
      holdsHooks: !isServing || layouts.in('drains') !== undefined,
      next: isServing && fills ? { generation: fills.generation, shards: fills.shards } : null,
    }
  }

  /**
   * Has the layout that was filled serve: events are held back until it has read all there are, so that nobody sees again what
   * was hidden from them.
   *
   * @returns whether that was soon enough
   */
  async switch(): Promise<boolean> {
    const { layouts, log } = this.#parts
    const fills = layouts.in('fills')
    if (!fills) return false
    const feeds = this.#of(fills)
    const level = Promise.allSettled(feeds.map((feed) => feed.catchUp()))
    this.#switching = Promise.race([level, scheduler.wait(SWITCH)])
    try {
      await this.#switching
      if (feeds.some(({ isBehind }) => isBehind)) return false
      layouts.switch(log.head)
      return true
    } finally {
      this.#switching = undefined
    }
  }

  /** No object of a layout is sent anything any more. */
  async end(layout: IndexLayout): Promise<void> {
    const ended = Array.from({ length: layout.shards }, (_, shard) => nameOf(layout, shard))
    await Promise.all(ended.map((name) => this.#feeds.get(name)?.end()))
    for (const name of ended) this.#feeds.delete(name)
  }

  #all(): ShardFeed[] {
    return this.#parts.layouts.all().flatMap((layout) => this.#of(layout))
  }

  #of(layout: StoredLayout): ShardFeed[] {
    if (layout.state === 'clears') return []
    return Array.from({ length: layout.shards }, (_, shard) => {
      const name = nameOf(layout, shard)
      const known = this.#feeds.get(name)
      if (known) return known
      const feed = this.#make(layout, shard)
      this.#feeds.set(name, feed)
      return feed
    })
  }

  #make({ generation, shards }: IndexLayout, shard: number): ShardFeed {
    const { log, retention, layouts, objects } = this.#parts
    const layout = () => layouts.all().find((one) => one.generation === generation)
    return new ShardFeed({
      ...{ log, retention, shard, shards },
      page: (after) => this.#read(after),
      client: () => objects.indexShard({ generation, shards }, shard),
      order: () => {
        const now = layout()
        return now && this.orderOf(now, shard)
      },
      hooks: () => this.#hooksOf(layout()),
    })
  }

  /** Of which events hooks are told by a layout: none is told by two. */
  #hooksOf(layout: StoredLayout | undefined): HookRange | undefined {
    if (layout?.state === 'fills') return { after: Number.MAX_SAFE_INTEGER }
    if (layout?.state === 'drains') return { upTo: this.#parts.layouts.serving.since ?? 0 }
    return layout?.since == null ? undefined : { after: layout.since }
  }

  async #read(after: number): Promise<SourcedPage> {
    const { log } = this.#parts
    const { head } = log
    if (this.#page?.after === after && this.#page.head === head) return this.#page
    const events = await log.afterWithSources(after, PAGE, PAGE_BYTES)
    const page = { events, upTo: events.at(-1)?.event.seq ?? after, after, head }
    if (events.length > 0) this.#page = page
    return page
  }
}

const nameOf = ({ generation }: IndexLayout, shard: number): string => `${generation}/${shard}`
