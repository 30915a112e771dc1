/** Entries kept; with one more, all are forgotten. */
const MAX_ENTRIES = 1_000

/** Characters; what is asked about may come from anybody, and what is longer is worked out each time. */
const MAX_LENGTH = 100

/** A function of a text that always has the same answer, with its last answers kept in memory. */
export function remembered<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const answer = known.get(text)
    if (answer !== undefined) return answer
    const worked = work(text)
    if (text.length <= MAX_LENGTH) {
      if (known.size >= MAX_ENTRIES) known.clear()
      known.set(text, worked)
    }
    return worked
  }
}
