import { type Lexicons, type LexXrpcBody, lexToJson } from '@atproto/lexicon'
import { XRPCError } from '@atproto/xrpc-server'
import { ConfigError } from '../../kernel/config/config.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { isForwarded } from '../../proxy/send.ts'
import { InsufficientStorageError, isDiskFull } from '../../services/objects/disk-space.ts'
import { RateLimitError } from '../../services/objects/rate-limit-error.ts'
import { lexValue } from '../../services/records/json.ts'
import { jsonAnswer } from '../compress.ts'
import { setRateLimitHeaders } from '../limits/headers.ts'

/** A handler answered with something that its lexicon does not allow. */
export class InvalidOutputError extends Error {
  override name = 'InvalidOutputError'
}

/**
 * Makes a response of what a handler returned. `check` validates it against the lexicon: in
 * development and tests a wrong answer is an internal error, in production it is sent as it is.
 *
 * @throws InvalidOutputError
 */
export async function toResponse(
  lexicons: Lexicons,
  nsid: string,
  schema: LexXrpcBody | undefined,
  output: unknown,
  check: boolean,
): Promise<Response> {
  if (output instanceof Response) {
    const isJson = schema?.schema && output.headers.get('content-type') === 'application/json'
    // What another service answered is its own business, and may be compressed.
    if (check && isJson && !isForwarded(output)) {
      const value = lexValue(await output.clone().json())
      // Of a record that was imported as it is, there may be none.
      if (value !== undefined) assertOutput(lexicons, nsid, value)
    }
    return output
  }
  if (!schema) {
    if (output !== undefined) throw new InvalidOutputError(`${nsid} has no output`)
    return new Response(null, { status: 200 })
  }
  if (check) assertOutput(lexicons, nsid, output)
  return jsonAnswer(JSON.stringify(lexToJson(output as never)))
}

function assertOutput(lexicons: Lexicons, nsid: string, output: unknown): void {
  try {
    lexicons.assertValidXrpcOutput(nsid, output)
  } catch (cause) {
    throw new InvalidOutputError(`${nsid} answered against its lexicon`, { cause })
  }
}

/**
 * The XRPC error envelope. What the caller sees of an internal error is only that it happened.
 */
export function errorResponse(error: unknown): Response {
  const xrpc = toXrpcError(error)
  const { statusCode } = xrpc
  counters.noteRefusal(xrpc.payload.error)
  const message = statusCode === 500 ? 'Internal Server Error' : xrpc.payload.message
  const response = Response.json(
    { error: xrpc.payload.error ?? 'InternalServerError', message },
    { status: statusCode },
  )
  if (error instanceof RateLimitError) setRateLimitHeaders(response.headers, error.rateLimit)
  if (isOverloaded(error)) response.headers.set('retry-after', '1')
  return response
}

function toXrpcError(error: unknown): XRPCError {
  if (error instanceof XRPCError) return error
  if (error instanceof ConfigError) {
    const message = 'The settings of this host are wrong: its log says what'
    return new XRPCError(503, message, 'ConfigurationError')
  }
  if (isDiskFull(error)) return new InsufficientStorageError()
  return isOverloaded(error)
    ? new XRPCError(503, 'This host is busy, try again', 'ServiceUnavailable')
    : new XRPCError(500)
}

/** Whether a Durable Object has more requests waiting than it takes (Durable Objects, error handling). */
const isOverloaded = (error: unknown): boolean =>
  error instanceof Error && 'overloaded' in error && error.overloaded === true

/** Whether an error is the host's fault and belongs in the log with its cause. */
export const isInternal = (error: unknown): boolean =>
  !(error instanceof XRPCError) || error.statusCode === 500
