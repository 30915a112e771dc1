import { parseAccept } from 'hono/utils/accept'
import type { AnswerNotes } from '../context/request.ts'
import { isForwarded } from '../proxy/send.ts'

/** Bytes of text below which gzip costs more than it saves. */
const MIN_LENGTH = 1024

const CAR = 'application/vnd.ipld.car'

/** Notes an answer of JSON: a long one is compressed where the client wishes it. */
export function mayCompress(
  response: Response,
  json: string | Uint8Array,
  notes: AnswerNotes,
): Response {
  if (json.length >= MIN_LENGTH) notes.isCompressible = true
  return response
}

/** Notes an answer without a body that stands for one that may be compressed. */
export function standsForCompressed(response: Response, notes: AnswerNotes): Response {
  notes.isCompressible = true
  return response
}

/**
 * Has workerd send JSON and CAR files by gzip to clients that accept it (RFC 9110, Accept-Encoding). On Cloudflare
 * the edge does that. Blobs stay as they are, most are compressed already, and so does what another service answered.
 */
export function compress(request: Request, response: Response, notes: AnswerNotes): void {
  const { headers, status } = response
  const isNotModified = status === 304
  if (!notes.isCompressible) {
    // Each look at an answer crosses into the platform; a body is made a stream by it.
    if (notes.isComplete || headers.get('content-type') !== CAR) return
    if (!response.body || status === 206 || isForwarded(response)) return
  }
  headers.append('vary', 'accept-encoding')
  if (request.method === 'HEAD' || !acceptsGzip(request.headers)) return
  // What is sent is not the same, byte by byte, as to others (RFC 9110, section 8.8.3.3).
  const etag = headers.get('etag')
  const weak = etag?.startsWith('"') ? `W/${etag}` : undefined
  if (isNotModified) {
    // Caches look for the answer that they have by the tag that it came with (RFC 9111, section 4.3.4).
    if (weak && request.headers.get('if-none-match')?.includes(weak)) headers.set('etag', weak)
    return
  }
  headers.delete('content-length')
  headers.set('content-encoding', 'gzip')
  if (weak) headers.set('etag', weak)
}

function acceptsGzip(headers: Headers): boolean {
  const accepted = parseAccept(headers.get('accept-encoding') ?? '')
  const quality = (name: string) => accepted.find(({ type }) => type.toLowerCase() === name)?.q
  return (quality('gzip') ?? quality('x-gzip') ?? quality('*') ?? 0) > 0
}
