import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import { IndexLayouts } from '../../storage/sequencer/index-layouts.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Job } from '../scheduler.ts'
import { changeLayout } from './change-layout.ts'
import { IndexFeed, type SourcedLog } from './index-feed.ts'

interface Parts {
  log: SourcedLog
  retention: Pick<Retention, 'prunedTo'>
  objects: Pick<HostObjects, 'indexShard'>
  logger(): Logger
}

/** What hands the log to the host's index, and what divides that among objects. */
export function makeIndex(
  storage: DurableObjectStorage,
  sql: SqlStorage,
  { indexShards: wanted }: Pick<Config, 'indexShards'>,
  parts: Parts,
): { index: IndexFeed; division: Job } {
  const layouts = new IndexLayouts(storage, sql)
  const index = new IndexFeed({ ...parts, layouts })
  const { objects } = parts
  return { index, division: changeLayout({ layouts, feed: index, objects, wanted }) }
}
