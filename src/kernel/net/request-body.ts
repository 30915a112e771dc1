/**
 * Reading the bodies of requests, also of refused ones. On plain workerd a connection is closed when a request is
 * answered whose body is on its way. Whoever sends all before reading, as reverse proxies do, is then told of a broken
 * connection, and a proxy answers 502. So the rest of a body is read and forgotten before the answer, within bounds;
 * whoever refuses a request lets go of its body and does not cancel it: readers release their lock.
 */
import { copyStream, PIECE } from './copy-stream.ts'

/** Bytes of a refused body that are read all the same. */
const MAX_BYTES = 128 * 1024 * 1024

/** How long that may take in all, and how long no byte may come, in ms. */
const MAX_TIME = 30_000
const MAX_PAUSE = 2_000

/** Bytes that workerd itself reads of a body which nobody has read. */
const READ_BY_WORKERD = 64 * 1024

/** How long an answer waits until whoever read the body has let go of it, in ms, and how often it looks. */
const RELEASE = 1_000
const LOOK = 5

/** Whether a body says that it has so few bytes that it may be read, or left, in any way. */
export function isShort({ headers }: Request): boolean {
  const length = headers.get('content-length')
  return length !== null && Number(length) <= READ_BY_WORKERD
}

/**
 * Reads the body of a request that is refused to its end, or to a bound. Also a short one that nobody has begun to
 * read: it gets the answer in any case, but on a connection that is closed behind it, and what was sent there next is
 * lost.
 */
export async function drain(request: Request): Promise<void> {
  const { body, bodyUsed } = request
  if (!body || (bodyUsed && isShort(request))) return
  for (let waited = 0; body.locked && waited < RELEASE; waited += LOOK) await scheduler.wait(LOOK)
  if (body.locked) return
  const deadline = Date.now() + MAX_TIME
  const reader = body.getReader({ mode: 'byob' })
  let buffer: ArrayBuffer = new ArrayBuffer(PIECE)
  for (let left = MAX_BYTES; left > 0 && Date.now() < deadline; ) {
    // It fails if the client has gone.
    const read = reader.read(new Uint8Array(buffer)).catch(() => undefined)
    const result = await Promise.race([read, scheduler.wait(MAX_PAUSE)])
    if (!result || result.done) break
    left -= result.value.byteLength
    buffer = result.value.buffer
  }
}

/** The bytes of a body for somebody who cancels what they do not want, as the platform does: the body stays. */
export function detach(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  // What goes wrong is seen by whoever reads.
  copyStream(body, writable).catch(() => {})
  return readable
}

/** All bytes of a body. @throws what `tooLarge` makes, if there are more than `maxBytes` */
export async function readWhole(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let received = 0
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return Buffer.concat(chunks)
      received += value.byteLength
      if (received > maxBytes) throw tooLarge()
      chunks.push(value)
    }
  } finally {
    reader.releaseLock()
  }
}
