/** Answers a request for a blob: whole, a part, or that the caller has it already. */
import { isKnown } from '../../kernel/entity-tag.ts'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { ByteRange } from '../../storage/blobs/store.ts'
import { contentRange, requestedRange } from './conditional.ts'

/**
 * A CID never changes its content, but whether it is to be had here does: a blob goes with its last
 * record, its account, or by a takedown. Caches may use it for five minutes unasked, and then ask
 * with the entity tag, which costs no bytes.
 */
const CACHE = 'max-age=300, must-revalidate'

/** A blob that may be served, and to whom. */
export interface Servable {
  blob: BlobRow
  /** Whether the caller may read what others may not: then no cache may give it to others. */
  isPrivate: boolean
  /** The bytes, or those in `range`; undefined when there are none. */
  read(range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>
}

/** @returns undefined when the bytes are not there */
export async function serveBlob(
  { blob, isPrivate, read }: Servable,
  request: Request,
): Promise<Response | undefined> {
  const etag = `"${blob.cid}"`
  const headers = new Headers({
    etag,
    'cache-control': `${isPrivate ? 'private' : 'public'}, ${CACHE}`,
    'accept-ranges': 'bytes',
  })
  if (isKnown(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers })
  }
  headers.set('content-type', harmlessType(blob.mimeType))
  // What people upload must never run in a browser as a page of this origin. Pages of others may show it.
  headers.set('cross-origin-resource-policy', 'cross-origin')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('content-security-policy', "default-src 'none'; sandbox")
  headers.set('content-disposition', `attachment; filename="${blob.cid}"`)
  // A range counts in a GET only.
  if (request.method === 'HEAD') {
    headers.set('content-length', String(blob.size))
    return new Response(null, { headers })
  }
  const range = requestedRange(request.headers, etag, blob.size)
  if (range === 'unsatisfiable') return unsatisfiable(blob.size)
  const bytes = await read(range)
  if (!bytes) return undefined
  headers.set('content-length', String(range?.length ?? blob.size))
  if (!range) return new Response(bytes, { headers })
  headers.set('content-range', contentRange(range, blob.size))
  return new Response(bytes, { status: 206, headers })
}

/** JavaScript by all its names (WHATWG MIME Sniffing, JavaScript MIME type), and style sheets. */
const PROGRAM =
  /^(?:(?:text|application)\/(?:x-)?(?:java|ecma|j|live)script[\d.]*|text\/css)(?:;|$)/i

/** With `nosniff`, browsers run nothing that has another type: as a script, a worker or a style sheet. */
const harmlessType = (type: string): string =>
  PROGRAM.test(type.trim()) ? 'application/octet-stream' : type

const unsatisfiable = (size: number): Response =>
  Response.json(
    { error: 'RangeNotSatisfiable', message: `The blob has ${size} bytes` },
    { status: 416, headers: { 'content-range': `bytes */${size}`, 'accept-ranges': 'bytes' } },
  )
