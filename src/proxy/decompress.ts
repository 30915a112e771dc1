import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

type Decompress = (data: Buffer, options: { maxOutputLength: number }) => Buffer

/** By content-encoding. */
const KNOWN: Readonly<Record<string, Decompress>> = {
  identity: (data) => data,
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

/** Content-encodings that can be read here. */
export const readableEncodings: readonly string[] = Object.keys(KNOWN)

/**
 * The bytes of a body that another service has compressed, or not.
 *
 * @param limit bytes that it may unfold to
 * @throws Error when it is larger, broken, or in an unknown encoding
 */
export function decompress(body: Buffer, headers: Headers, limit: number): Buffer {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  const known = KNOWN[encoding]
  if (!known) throw new Error(`unknown content-encoding: ${encoding}`)
  if (encoding === 'identity' && body.byteLength > limit) throw new Error('too large')
  return known(body, { maxOutputLength: limit })
}
