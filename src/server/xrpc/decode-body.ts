import { Duplex } from 'node:stream'
import { createBrotliDecompress } from 'node:zlib'
import { XRPCError } from '@atproto/xrpc-server'
import { detach } from '../../kernel/net/request-body.ts'

/** Most times that a body may be compressed over; nobody does it twice. */
const MAX_CODINGS = 3

type Decoder = ReadableWritablePair<Uint8Array, Uint8Array>

const DECODERS = new Map<string, () => Decoder>([
  ['gzip', () => new DecompressionStream('gzip')],
  ['x-gzip', () => new DecompressionStream('gzip')],
  ['deflate', () => new DecompressionStream('deflate')],
  // The platform's own stream does not know it.
  ['br', () => Duplex.toWeb(createBrotliDecompress()) as unknown as Decoder],
])

/**
 * The bytes of a body as they were before they were compressed (RFC 9110, Content-Encoding).
 *
 * @param plain whether only a body that is not compressed will do
 * @throws XRPCError 415 `UnsupportedMediaType`
 */
export function decodeBody(request: Request, plain: boolean): ReadableStream<Uint8Array> {
  const header = request.headers.get('content-encoding') ?? ''
  const codings = header
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > (plain ? 0 : MAX_CODINGS)) throw unsupported(header)
  const body = request.body ?? new Blob([]).stream()
  if (codings.length === 0) return body
  // The last one was applied last.
  return codings.reduceRight((stream, coding) => {
    const makeDecoder = DECODERS.get(coding)
    if (!makeDecoder) throw unsupported(coding)
    return stream.pipeThrough(makeDecoder())
  }, detach(body))
}

const unsupported = (coding: string) =>
  new XRPCError(415, `Unsupported content-encoding: ${coding}`, 'UnsupportedMediaType')
