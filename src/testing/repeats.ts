/**
 * Commits that came again. The sequencer sends events before it has stored them: should it end in between, the account delivers
 * them anew, with higher numbers. Consumers know them by their revs (at:// Sync, "Firehose validation": a rev that is not newer is
 * ignored).
 */
import { isDeepStrictEqual } from 'node:util'

interface Received {
  type: string
  body: Record<string, unknown>
}

/**
 * What is left when a consumer has dropped the commits that it knows, and what it has dropped.
 *
 * @throws Error when a commit has come again as another one, or one that is older than what it knows
 */
export function withoutRepeats<T extends Received>(
  events: readonly T[],
): { once: T[]; repeats: T[] } {
  const known = new Map<string, T>()
  const newest = new Map<unknown, string>()
  const once: T[] = []
  const repeats: T[] = []
  for (const event of events) {
    const { repo } = event.body
    const rev = String(event.body.rev)
    const before = event.type === '#commit' ? known.get(`${repo} ${rev}`) : undefined
    if (!before) {
      if (event.type === '#commit') {
        if (rev <= (newest.get(repo) ?? '')) throw new Error(`${repo} has gone back to ${rev}`)
        known.set(`${repo} ${rev}`, event)
        newest.set(repo, rev)
      }
      once.push(event)
      continue
    }
    // The account makes the event anew: its time says when.
    const { seq: one, time: _, ...first } = before.body
    const { seq: other, time: __, ...second } = event.body
    if (!isDeepStrictEqual(first, second) || Number(other) <= Number(one)) {
      throw new Error(`${repo} has two commits ${rev}, numbered ${one} and ${other}`)
    }
    repeats.push(event)
  }
  return { once, repeats }
}

/** The events as the log has them: of a commit that came again, what came last. */
export function asStored<T extends Received>(events: readonly T[]): T[] {
  const latest = new Map<unknown, T>()
  for (const event of events) {
    const { repo, rev, seq } = event.body
    const key = event.type === '#commit' ? `${repo} ${rev}` : seq
    latest.delete(key)
    latest.set(key, event)
  }
  return [...latest.values()]
}
