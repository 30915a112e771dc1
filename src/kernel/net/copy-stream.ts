/** Bytes read at once. Read by `pipeThrough` and default readers, streams come in pieces of 4 KiB. */
export const PIECE = 64 * 1024

/**
 * Moves a stream of the platform into another, a piece in memory at a time, and lets `look` see how long each piece is.
 * When `look` throws or the source breaks off, so does the sink; the source is let go of, and not cancelled.
 *
 * @throws what broke it off
 */
export async function copyStream(
  source: ReadableStream<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  look?: (bytes: number) => void,
): Promise<void> {
  const reader = source.getReader({ mode: 'byob' })
  const writer = sink.getWriter()
  let buffer: ArrayBuffer = new ArrayBuffer(PIECE)
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer))
      if (done) break
      look?.(value.byteLength)
      await writer.write(value)
      // What was written has been copied: the memory can be used again.
      buffer = value.buffer
    }
    await writer.close()
  } catch (error) {
    await writer.abort(error).catch(() => {})
    throw error
  } finally {
    reader.releaseLock()
  }
}
