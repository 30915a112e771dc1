import { orAfter } from '../../kernel/within-time.ts'

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
export const inTime = <T>(answer: Promise<T>, longest = LONGEST): Promise<T> =>
  orAfter(answer, longest, (): never => {
    throw new SlowShardError(`no answer within ${longest} ms`)
  })
