/** Why something failed, of errors that wrap what counts: `fetch` says no more than that it failed. */

/** What an error was caused by, or the error. */
export const causeOf = (error: Error): NodeJS.ErrnoException =>
  error.cause instanceof Error ? error.cause : error

/** In words; of a name with several addresses, none of which answers, Node gives the code alone. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code, name } = causeOf(error)
  return message || code || name
}
