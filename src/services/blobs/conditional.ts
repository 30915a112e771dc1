/** HTTP's partial requests (RFC 9110, section 14) for content that never changes. */
import type { ByteRange } from '../../storage/blobs/store.ts'

/**
 * Which part of `size` bytes a request asks for: undefined for all of it, `unsatisfiable` when it
 * begins behind the end. A `Range` that is malformed, of another unit or of several parts is
 * ignored, as the RFC allows; so is one whose `If-Range` names something else.
 */
export function requestedRange(
  headers: Headers,
  etag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = RANGE.exec(headers.get('range') ?? '') ?? []
  if (first === '' && last === '') return undefined
  const ifRange = headers.get('if-range')
  if (ifRange !== null && ifRange.trim() !== etag) return undefined
  // Of nothing there is no part; all of it is the better answer.
  if (size === 0) return undefined
  if (first === '') return suffix(Number(last), size)
  const offset = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < offset) return undefined
  return offset < size ? { offset, length: end - offset } : 'unsatisfiable'
}

const RANGE = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i

function suffix(wanted: number, size: number): ByteRange | 'unsatisfiable' {
  const length = Math.min(wanted, size)
  return length > 0 ? { offset: size - length, length } : 'unsatisfiable'
}

/** What `Content-Range` says of a part. */
export const contentRange = ({ offset, length }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`
