/** Answers and inputs that are no JSON: bytes, whole or as a stream. */
import { InternalServerError, XRPCError } from '@atproto/xrpc-server'
import { readWhole } from '../../kernel/net/request-body.ts'

/** Marks an answer with the type of its bytes; exists for the compiler only. */
export declare const ENCODING: unique symbol

/** An answer of bytes. */
export type BytesResponse<E extends string> = Response & { readonly [ENCODING]: E }

/** What is known of bytes before they are sent. */
export interface BytesOptions<E extends string> {
  /** MIME type; the compiler holds it against the lexicon. */
  encoding: E
  /** How many there are, for `content-length`. A stream of another length breaks off. */
  length?: number
  /** No more than these are sent: a longer stream breaks off. */
  max?: number
  /** Other headers. */
  headers?: HeadersInit
}

/**
 * The answer of a method whose output has no schema. A stream is passed on piece by piece, as fast as the client reads; when
 * the client goes, the stream is cancelled.
 */
export function bytes<const E extends string>(
  source: ReadableStream<Uint8Array> | Uint8Array,
  { encoding, length, max, headers: given }: BytesOptions<E>,
): BytesResponse<E> {
  const headers = new Headers(given)
  headers.set('content-type', encoding)
  const known = source instanceof Uint8Array ? source.byteLength : length
  if (known !== undefined && (known > (max ?? known) || known !== (length ?? known))) {
    throw new InternalServerError(`${known} bytes are not what was said of them`)
  }
  if (source instanceof Uint8Array) return mark(new Response(source as BodyInit, { headers }))
  if (known === undefined && max === undefined) return mark(new Response(source, { headers }))
  const { readable, writable } =
    known === undefined ? new IdentityTransformStream() : new FixedLengthStream(known)
  // What goes wrong is seen by whoever reads.
  copy(source, writable, max ?? Number.POSITIVE_INFINITY).catch(() => {})
  return mark(new Response(readable, { headers }))
}

const mark = <E extends string>(response: Response): BytesResponse<E> =>
  response as BytesResponse<E>

/** Streams of any kind: those of the platform, and such as are made in JavaScript. */
async function copy(
  source: ReadableStream<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  max: number,
): Promise<void> {
  const reader = source.getReader()
  const writer = sink.getWriter()
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      if (size > max) throw new InternalServerError(`more than ${max} bytes`)
      await writer.write(value)
    }
    await writer.close()
  } catch (error) {
    await Promise.allSettled([writer.abort(error), reader.cancel(error)])
    throw error
  }
}

/**
 * All bytes of an input without a schema.
 *
 * @throws XRPCError 413 `PayloadTooLarge`
 */
export const readBytes = (input: ReadableStream<Uint8Array>, max: number): Promise<Uint8Array> =>
  readWhole(
    input,
    max,
    () =>
      new XRPCError(413, `request entity too large: the limit is ${max} bytes`, 'PayloadTooLarge'),
  )
