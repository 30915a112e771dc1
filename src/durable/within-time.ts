/** Calls of code of the project that has a timeout of its own: its end is waited for, but not without end. */

/** ms that the end may be late. */
const LATE = 5_000

/** What `call` answers, or `otherwise` if it has not ended some seconds after its timeout. @param timeout ms */
export async function withinTime<T>(call: Promise<T>, timeout: number, otherwise: T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), timeout + LATE)
  })
  try {
    return await Promise.race([call, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when one of some has ended, or after a while, in ms. */
export async function anyWithin(all: Iterable<Promise<unknown>>, wait: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, wait)
  })
  try {
    await Promise.race([...all, late])
  } finally {
    clearTimeout(timer)
  }
}
