/** Finds what somebody probably meant to type. */

/** Names longer than this, and more candidates, are not compared: it takes as long as the product of the lengths. */
const MAX_LENGTH = 64
const MAX_CANDIDATES = 500

/**
 * The candidate closest to `given`, when it is close: at most a third of its letters differ, and upper
 * and lower case hardly count.
 */
export function closest(given: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(given.length / 3)) + 0.5
  if (given.length > MAX_LENGTH) return undefined
  let looked = 0
  for (const candidate of candidates) {
    if (looked++ >= MAX_CANDIDATES) break
    if (Math.abs(candidate.length - given.length) > least) continue
    const distance =
      candidate.toLowerCase() === given.toLowerCase() ? 0.1 : editDistance(given, candidate)
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** ` - did you mean "x"?`, or nothing when no candidate is close. */
export function didYouMean(given: string, candidates: Iterable<string>): string {
  const best = closest(given, candidates)
  return best === undefined ? '' : ` - did you mean "${best}"?`
}

/** Damerau-Levenshtein: insertions, deletions, substitutions and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
