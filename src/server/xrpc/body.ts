import { jsonToLex, type Lexicons, type LexXrpcBody } from '@atproto/lexicon'
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { detach, isShort, readWhole } from '../../kernel/net/request-body.ts'
import { checkObject } from '../../services/records/object-rules.ts'
import { type Schema, walkSchema } from '../../services/records/walk-schema.ts'
import { decodeBody } from './decode-body.ts'
import type { AnyDefinition } from './define.ts'

/** Largest body where the handler does not say otherwise, in bytes. */
const DEFAULT_LIMIT = 150 * 1024

/** How long a body of JSON may take to come, and one that should not be there to begin, in ms. */
const MAX_TIME = 2 * 60 * 1000

/** Largest body of a method, in bytes. */
export const bodyLimitOf = ({ inputLimit }: AnyDefinition, config: Config): number =>
  typeof inputLimit === 'function' ? inputLimit(config) : (inputLimit ?? DEFAULT_LIMIT)

export interface BodyLimit {
  /** Bytes. */
  max: number
  /** Whether they are counted as they arrive; otherwise whoever gets the stream does. */
  counted: boolean
  /** Whether compressed bodies are refused. */
  plain: boolean
}

export interface ParsedBody {
  body: unknown
  /** MIME type without parameters; empty when there is no body. */
  encoding: string
}

/**
 * Reads a request body as the lexicon describes it: JSON validated against its schema, or the stream
 * itself where there is no schema. Compressed bodies are decompressed.
 *
 * @throws InvalidRequestError, 413 `PayloadTooLarge` or 415 `UnsupportedMediaType`
 */
export async function parseBody(
  lexicons: Lexicons,
  nsid: string,
  schema: LexXrpcBody | undefined,
  request: Request,
  limit: BodyLimit,
): Promise<ParsedBody> {
  if (!schema) {
    await refuseBody(request)
    return { body: undefined, encoding: '' }
  }
  // Absent, not empty: an upload of nothing says that it has 0 bytes.
  if (!request.body) throw noBody()
  const encoding = mimeType(request)
  if (!accepts(schema.encoding, encoding)) {
    throw new InvalidRequestError(`Wrong request encoding (Content-Type): ${encoding}`)
  }
  // Two names for one thing, as in the reference.
  const errorName = schema.schema ? 'PayloadTooLargeError' : 'PayloadTooLarge'
  const tooLarge = () =>
    new XRPCError(413, `request entity too large: the limit is ${limit.max} bytes`, errorName)
  const length = request.headers.get('content-length')
  if (length !== null && Number(length) > limit.max) throw tooLarge()
  const stream = decodeBody(request, limit, tooLarge)
  const isPlain = stream === request.body
  if (!schema.schema) {
    // HTTP itself ends a body at its stated length, and a compressed one is counted while it unfolds.
    if (!limit.counted || length !== null || !isPlain) return { body: stream, encoding }
    return { body: counted(detach(stream), limit.max, tooLarge), encoding }
  }
  const text = await inTime(
    isPlain && isShort(request)
      ? new Response(stream).text()
      : readText(stream, limit.max, tooLarge),
  )
  if (text === '') throw noBody()
  return { body: validate(lexicons, nsid, schema.schema, parseJson(text)), encoding }
}

function mimeType(request: Request): string {
  const header = request.headers.get('content-type')
  const type = header?.split(';', 1)[0]?.trim().toLowerCase()
  if (type) return type
  throw new InvalidRequestError('Request encoding (Content-Type) required but not provided')
}

const noBody = () => new InvalidRequestError('A request body is expected but none was provided')

/** `allowed` is a MIME type, one with a `*`, or several with commas between. */
function accepts(allowed: string, type: string): boolean {
  return allowed.split(',').some((pattern) => {
    const [wantedGroup, wantedKind] = pattern.trim().split('/')
    const [group, kind] = type.split('/')
    return (
      kind !== undefined &&
      (wantedGroup === '*' || wantedGroup === group) &&
      (wantedKind === '*' || wantedKind === kind)
    )
  })
}

/** A method without input takes none; an empty one, as some clients send it, is let pass. */
async function refuseBody(request: Request): Promise<void> {
  if (!request.body) return
  const reader = request.body.getReader()
  const { value, done } = await inTime(reader.read())
  reader.releaseLock()
  if (!done && value.byteLength > 0) {
    throw new InvalidRequestError('A request body was provided when none was expected')
  }
}

/** Fails once a stream exceeds `max` bytes. */
function counted(
  stream: ReadableStream<Uint8Array>,
  max: number,
  tooLarge: () => XRPCError,
): ReadableStream<Uint8Array> {
  let size = 0
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength
        if (size > max) controller.error(tooLarge())
        else controller.enqueue(chunk)
      },
    }),
  )
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  max: number,
  tooLarge: () => XRPCError,
): Promise<string> {
  return new TextDecoder().decode(await readWhole(stream, max, tooLarge))
}

/** @throws InvalidRequestError if the body cannot be read, of the name `RequestTimeout` if it takes too long */
async function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooSlow = new Promise<never>((_, reject) => {
    // The error is made when it is needed: its stack takes longer than the timer.
    const fail = () =>
      reject(new InvalidRequestError('The request body takes too long', 'RequestTimeout'))
    timer = setTimeout(fail, MAX_TIME)
  })
  try {
    return await Promise.race([reading, tooSlow])
  } catch (error) {
    if (error instanceof XRPCError) throw error
    throw new InvalidRequestError('Request body could not be read', undefined, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The name is the reference's; clients may look at it.
    throw new InvalidRequestError('Request body is not valid JSON', 'SyntaxError', { cause })
  }
}

function validate(lexicons: Lexicons, nsid: string, schema: Schema, json: unknown): unknown {
  try {
    const input = lexicons.assertValidXrpcInput(nsid, jsonToLex(json))
    walkSchema(lexicons, schema, input, 'Input', checkObject)
    return input
  } catch (error) {
    throw new InvalidRequestError(error instanceof Error ? error.message : String(error))
  }
}
