/** A pair of ends, of a known length if there is one, so that it is said in `content-length`. */
export const pipe = (length: number | undefined) =>
  length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length)

/** The length that headers promise, in bytes. */
export function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null ? undefined : Number(length)
}
