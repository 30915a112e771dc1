/** What becomes of the provider's errors in the log: what apps and people do wrong is no news. */
import { OAuthError } from '@atproto/oauth-provider/errors'
import type { Logger } from '../kernel/log.ts'

/**
 * Logs an error that the provider answered. One of the client's is a line with its kind: its text may repeat what was
 * typed into a form. One of this host's comes with its cause.
 *
 * @param message what the provider was at; it may hold an address with its query, of which the path is kept
 */
export function logProviderError(log: Logger, error: unknown, message: string): void {
  const what = message.replace(/\?[^"\s]*/g, '')
  const status = statusOf(error)
  if (status < 500) log.info(what, { status, error: kindOf(error) })
  else log.error(what, error)
}

/** Errors of libraries that the provider answers with 400: what came was not what it should be. */
const OF_INPUT = /^(?:ZodError|JwtVerifyError|JOSEError|JW[A-Z]\w+)$/

/** As the provider answers it. A `TypeError`, which it takes for the client's too, may be a fault of this host. */
function statusOf(error: unknown): number {
  if (!(error instanceof Error)) return 500
  // Made of whatever went wrong on the way to an app.
  if (error instanceof OAuthError && error.error === 'server_error') return 500
  if (OF_INPUT.test(error.name)) return 400
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown }
  const given = [statusCode, status].find((code) => typeof code === 'number')
  return given !== undefined && given >= 400 && given < 600 ? given : 500
}

/** `invalid_request`, or the name of the class. */
const kindOf = (error: unknown): string =>
  error instanceof OAuthError && /^[a-z_]{1,40}$/.test(error.error)
    ? error.error
    : (error as Error).name
