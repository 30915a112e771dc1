/** Small blobs in one piece: streams around a few reads take longer than the reads. */
import { ui8Concat } from '@atproto/lex-data'
import { brokenOff, openReader } from './pump.ts'

/** Bytes up to which a blob is held in memory as a whole. */
const WHOLE = 1024 * 1024

/** Most bytes that are held at once; what comes beside them is streamed. */
const MOST = 16 * WHOLE

/** Bytes that are held now, of the blobs of all requests. */
let held = 0

/** Whether a blob of that many bytes may be held. */
export const mayHold = (size: number): boolean => size <= WHOLE && held + size <= MOST

/**
 * Holds a body while it is worked with.
 *
 * @param size bytes that it has
 * @throws XRPCError as `brokenOff` where it has more or fewer
 */
export async function holding<T>(
  body: ReadableStream<Uint8Array>,
  size: number,
  work: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  held += size
  try {
    return await work(await readWhole(body, size))
  } finally {
    held -= size
  }
}

async function readWhole(body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const { read, release } = openReader(body, Math.max(size, 1))
  try {
    const first = await read()
    const pieces = first ? [first] : []
    // There is one as a rule, but for streams that scripts make.
    for (let length = first?.byteLength ?? 0; ; ) {
      // As a rule there is no more, and no memory is needed for it.
      const next = length > size ? undefined : await read(Math.max(size - length, 1))
      if (next === undefined) {
        if (length !== size) throw brokenOff()
        return pieces.length === 1 && first ? first : ui8Concat(pieces)
      }
      pieces.push(next)
      length += next.byteLength
    }
  } catch (cause) {
    throw brokenOff(cause)
  } finally {
    release()
  }
}
