/** What of a page of the log a webhook is told of. */
import { isCovered } from '../../kernel/collection-pattern.ts'
import { readFrame } from '../../storage/index/feed.ts'
import type { WebhookWrite } from '../../storage/index/webhook-letters.ts'
import type { SequencedEvent } from '../../storage/sequencer/log.ts'

/** Writes that are sent before the position moves; a commit is not divided. */
const AT_ONCE = 64

/** Some events in a row. */
export interface Chunk {
  /** Number of the last of them, or of one behind it up to which there is nothing more. */
  upTo: number
  writes: WebhookWrite[]
}

/**
 * @param upTo number of the event up to which the page tells all
 * @returns chunks in their order, and accounts that were deleted
 */
export function readPage(
  events: readonly SequencedEvent[],
  upTo: number,
  collections: readonly string[],
): { chunks: Chunk[]; deleted: string[] } {
  const chunks: Chunk[] = []
  const deleted: string[] = []
  let writes: WebhookWrite[] = []
  for (const { seq, frame } of events) {
    const event = readFrame(frame, (collection) => isCovered(collections, collection))
    if (event?.kind === 'account' && event.state === 'deleted') deleted.push(event.did)
    if (event?.kind !== 'commit') continue
    const { did, rev, time, changes } = event
    writes.push(
      ...changes.map(({ cid, block, ...change }, place) => ({
        ...{ did, rev, time, seq, ...change },
        ...{ cid: cid ?? null, block: block ?? null, key: `${seq}-${place}` },
      })),
    )
    if (writes.length < AT_ONCE) continue
    chunks.push({ upTo: seq, writes })
    writes = []
  }
  if (writes.length > 0 || (chunks.at(-1)?.upTo ?? -1) < upTo) chunks.push({ upTo, writes })
  else if (chunks.length > 0) (chunks.at(-1) as Chunk).upTo = upTo
  return { chunks, deleted }
}
