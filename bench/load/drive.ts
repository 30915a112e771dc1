/** Closed-loop load: each connection sends its next request when the last one is answered. */

/**
 * One request. @returns how much it got done, in the row's unit: records, operations or MB; and how many
 * milliseconds that took, where it is not the time until the answer
 */
export type Job = () => Promise<number | { amount: number; ms: number }>

/** What a row does on one repository of one server. */
export interface Workload {
  /** Prepares a slice; not timed. */
  before?(): Promise<void>
  /** The next request, or undefined when there is nothing left to do in this slice. */
  next(): Job | undefined
  /** Puts the repository back to its size; not timed. */
  after?(): Promise<void>
}

export interface Samples {
  amount: number
  seconds: number
  /** Milliseconds, one for each request. */
  latencies: number[]
}

/** Runs one slice: `connections` loops for `seconds`, or until there is nothing left to do. */
export async function drive(
  workload: Workload,
  connections: number,
  seconds: number,
): Promise<Samples> {
  await workload.before?.()
  const latencies: number[] = []
  let amount = 0
  const start = performance.now()
  const until = start + seconds * 1000
  const loop = async () => {
    for (let before = start; before < until; ) {
      const job = workload.next()
      if (!job) return
      before = performance.now()
      // Not `amount += await`, which would read the sum before the other loops have added to it.
      const done = await job()
      const now = performance.now()
      amount += typeof done === 'number' ? done : done.amount
      latencies.push(typeof done === 'number' ? now - before : done.ms)
      before = now
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const elapsed = (performance.now() - start) / 1000
  await workload.after?.()
  return { amount, seconds: elapsed, latencies }
}
