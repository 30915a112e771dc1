/** Too much is waiting already, for a hash. */
export class TooManyWaitingError extends Error {
  override name = 'TooManyWaitingError'
}
