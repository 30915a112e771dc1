/** ms that an object may take to answer: what hangs is not waited for with everything else that is due. */
const LONGEST = 60_000

/** An object of the index does not answer. */
export class SlowShardError extends Error {
  override name = 'SlowShardError'
}

/**
 * What an object of the index answers, if it does so within `longest` ms.
 *
 * @throws SlowShardError otherwise; it may still do what it was asked
 */
export async function inTime<T>(answer: Promise<T>, longest = LONGEST): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new SlowShardError(`no answer within ${longest} ms`))
    timer = setTimeout(fail, longest)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
