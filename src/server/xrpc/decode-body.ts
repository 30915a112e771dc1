import { Duplex } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { XRPCError } from '@atproto/xrpc-server'
import { detach } from '../../kernel/net/request-body.ts'

/** Most times that a body may be compressed over; nobody does it twice. */
const MAX_CODINGS = 3

/** Bytes that wait to be read of what one piece of a body unfolded to: a few may unfold to gigabytes. */
const MAX_WAITING = 16 * 1024 * 1024

/** What a body may unfold to. */
export interface UnfoldingLimit {
  /** Bytes. */
  max: number
  /** Whether only a body that is not compressed will do. */
  plain: boolean
}

type Bound = (unfolded: number, waiting: number) => Error | undefined

const DECODERS = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/**
 * The bytes of a body as they were before they were compressed (RFC 9110, Content-Encoding).
 *
 * @param tooLarge what the stream fails with that unfolds to more than it may
 * @throws XRPCError 415 `UnsupportedMediaType`
 */
export function decodeBody(
  request: Request,
  { max, plain }: UnfoldingLimit,
  tooLarge: () => XRPCError,
): ReadableStream<Uint8Array> {
  const header = request.headers.get('content-encoding') ?? ''
  const codings = header
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > (plain ? 0 : MAX_CODINGS)) throw unsupported(header)
  const body = request.body ?? new Blob([]).stream()
  if (codings.length === 0) return body
  const bound: Bound = (unfolded, waiting) =>
    unfolded > max || waiting > MAX_WAITING ? tooLarge() : undefined
  // The last one was applied last.
  return codings.reduceRight((stream, coding) => {
    const makeDecoder = DECODERS.get(coding)
    if (!makeDecoder) throw unsupported(coding)
    return stream.pipeThrough(bounded(makeDecoder(), bound))
  }, detach(body))
}

/**
 * A decoder that stops at a bound. Those of the platform, its own streams and its stand-ins for Node's, unfold all of
 * a piece at once, whether anybody reads or not: what comes of it is counted while it comes.
 */
function bounded(
  decoder: ReturnType<typeof createGunzip>,
  bound: Bound,
): ReadableWritablePair<Uint8Array, Uint8Array> {
  const push = decoder.push.bind(decoder)
  let unfolded = 0
  decoder.push = (chunk: Uint8Array | null) => {
    unfolded += chunk?.byteLength ?? 0
    const error = bound(unfolded, decoder.readableLength)
    if (!error) return push(chunk)
    decoder.destroy(error)
    return false
  }
  return Duplex.toWeb(decoder) as unknown as ReadableWritablePair<Uint8Array, Uint8Array>
}

const unsupported = (coding: string) =>
  new XRPCError(415, `Unsupported content-encoding: ${coding}`, 'UnsupportedMediaType')
