import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Job } from '../scheduler.ts'
import type { CrawlRequests } from './crawl-requests.ts'
import type { IndexFeed } from './index-feed.ts'
import type { WebhookWake } from './webhook-wake.ts'

interface Parts {
  retention: Retention
  crawl: CrawlRequests
  index: IndexFeed
  /** Divides the index. */
  division: Job
  webhooks: WebhookWake
  /** When there was an event last, and how many listen. */
  activity(): { lastEventAt: number | undefined; consumers: number }
}

/** What the sequencer does in the background: removes old events, and tells others of new ones. */
export function makeJobs({ retention, crawl, index, division, webhooks, activity }: Parts): Job[] {
  const removal: Job = {
    name: 'remove old events',
    due: () => retention.due(),
    /** Long work gives way to appends and consumers after each piece. */
    async run() {
      const now = Date.now()
      await index.flushSoon()
      while (retention.step(now)) await scheduler.wait(0)
    },
  }
  const crawls: Job = {
    name: 'request crawls',
    due: () => crawl.due(activity()),
    run: () => crawl.run(Date.now(), activity()),
  }
  return [removal, crawls, index.job, division, webhooks.job]
}
