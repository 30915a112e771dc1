/** Work whose end is waited for, but not without end. */

/** ms that the end of code with a timeout of its own may be late. */
const LATE = 5_000

/** What `work` comes to, or, after `wait` ms, what `otherwise` says, which may throw. The work itself goes on. */
export async function orAfter<T, O>(
  work: Promise<T>,
  wait: number,
  otherwise: () => O,
): Promise<T | O> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, wait)
  try {
    return await Promise.race([work, late.then(otherwise)])
  } finally {
    clearTimeout(timer)
  }
}

/** What `call` answers, or `otherwise` if it has not ended some seconds after its timeout. @param timeout ms */
export const withinTime = <T>(call: Promise<T>, timeout: number, otherwise: T): Promise<T> =>
  orAfter(call, timeout + LATE, () => otherwise)

/** Resolves when one of some has ended, or after a while, in ms. */
export const anyWithin = (all: Iterable<Promise<unknown>>, wait: number): Promise<unknown> =>
  orAfter(Promise.race(all), wait, () => undefined)
