/** How long an answer of others is waited for, in ms: what is shown is of use without it. */
const TIMEOUT = 5_000

/** What comes of something that is shown either way. */
export async function within<T>(work: Promise<T>): Promise<{ value: T } | { error: string }> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<{ error: string }>((resolve) => {
    const error = `There was no answer within ${TIMEOUT / 1000} seconds.`
    timer = setTimeout(() => resolve({ error }), TIMEOUT)
  })
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  )
  const first = await Promise.race([outcome, late])
  clearTimeout(timer)
  return first
}
