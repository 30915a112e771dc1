/** Bytes from `start` up to and without `end`. */
export type Range = readonly [start: number, end: number]

/** Makes zeros of `blanks`, except where they meet one of `kept`. Takes time by the bytes and ranges. */
export function blankRanges(bytes: Uint8Array, blanks: readonly Range[], kept: readonly Range[]) {
  const byStart = ([a]: Range, [b]: Range) => a - b
  const keeps = kept.toSorted(byStart)
  let next = 0
  let from = 0
  for (const [start, end] of blanks.toSorted(byStart)) {
    from = Math.max(from, start)
    while (from < end) {
      const [keptStart, keptEnd] = keeps[next] ?? [end, end]
      if (keptStart > from) bytes.fill(0, from, Math.min(keptStart, end))
      if (keptStart >= end) from = end
      else {
        from = Math.max(from, keptEnd)
        next++
      }
    }
  }
}
