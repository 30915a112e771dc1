import { type LexXrpcBody, lexToJson } from '@atproto/lexicon'
import { XRPCError } from '@atproto/xrpc-server'
import type { AnswerNotes, RequestContext } from '../../context/request.ts'
import { type Config, ConfigError } from '../../kernel/config/config.ts'
import { isKnown } from '../../kernel/entity-tag.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { isForwarded } from '../../proxy/send.ts'
import { InsufficientStorageError, isDiskFull } from '../../services/objects/disk-space.ts'
import { RateLimitError } from '../../services/objects/rate-limit-error.ts'
import { lexValue } from '../../services/records/json.ts'
import { completeAnswer } from '../answer-headers.ts'
import { mayCompress, standsForCompressed } from '../compress.ts'
import { setRateLimitHeaders } from '../limits/headers.ts'
import { JsonText, NotModified } from './json-text.ts'

/** A handler answered with something that its lexicon does not allow. */
export class InvalidOutputError extends Error {
  override name = 'InvalidOutputError'
}

/** What is known of the request that is answered. */
interface Asked {
  nsid: string
  schema: LexXrpcBody | undefined
  /** Entity tags that the client has. */
  ifNoneMatch: string | undefined
}

/**
 * Makes a response of what a handler returned. In development and tests an answer that the lexicon does not allow is an
 * internal error; in production it is sent as it is.
 *
 * @throws InvalidOutputError
 */
export async function toResponse(
  output: unknown,
  { nsid, schema, ifNoneMatch }: Asked,
  context: RequestContext,
  config: Config,
): Promise<Response> {
  const notModified = (etag: string) =>
    standsForCompressed(
      completeAnswer(null, 304, { etag, 'cache-control': CACHE }, context, config),
      context.answer,
    )
  if (output instanceof NotModified) return notModified(output.etag)
  const check = config.devMode
  if (output instanceof Response) {
    const etag = ifNoneMatch === undefined ? null : output.headers.get('etag')
    if (etag !== null && output.status === 200 && isKnown(ifNoneMatch, etag)) {
      await output.body?.cancel()
      return notModified(etag)
    }
    const isJson = schema?.schema && output.headers.get('content-type') === 'application/json'
    // What another service answered is its own business, and may be compressed.
    if (check && isJson && !isForwarded(output)) assertJson(nsid, await output.clone().json())
    return output
  }
  if (output instanceof JsonText) {
    const { text, etag } = output
    if (check) assertJson(nsid, output.parse())
    if (etag === undefined) return json(text, {}, context, config)
    if (isKnown(ifNoneMatch, etag)) return notModified(etag)
    return json(text, { etag, 'cache-control': CACHE }, context, config)
  }
  if (!schema) {
    if (output !== undefined) throw new InvalidOutputError(`${nsid} has no output`)
    return new Response(null, { status: 200 })
  }
  if (check) assertOutput(nsid, output)
  return json(JSON.stringify(lexToJson(output as never)), {}, context, config)
}

/** Whoever keeps an answer asks with its entity tag before each use: it may be gone, or taken down. */
export const CACHE = 'no-cache'

const json = (
  text: string | Uint8Array,
  more: Readonly<Record<string, string>>,
  context: RequestContext,
  config: Config,
): Response => {
  const headers = { 'content-type': 'application/json', ...more }
  return mayCompress(completeAnswer(text, 200, headers, context, config), text, context.answer)
}

function assertJson(nsid: string, json: unknown): void {
  const value = lexValue(json)
  // Of a record that was imported as it is, there may be none.
  if (value !== undefined) assertOutput(nsid, value)
}

function assertOutput(nsid: string, output: unknown): void {
  try {
    lexicons().assertValidXrpcOutput(nsid, output)
  } catch (cause) {
    throw new InvalidOutputError(`${nsid} answered against its lexicon`, { cause })
  }
}

/**
 * The XRPC error envelope. What the caller sees of an internal error is only that it happened.
 *
 * @param notes of an answer that was made before, which it is sent instead of
 */
export function errorResponse(error: unknown, notes?: AnswerNotes): Response {
  if (notes) Object.assign(notes, { isComplete: false, isCompressible: false })
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
