/** What code of the app threw, as it crosses from the entrypoint in which it ran: a class would not. */
export interface Failure {
  /** `RangeError: too many` */
  error: string
  /** With the places, where there is one. */
  stack?: string
}
