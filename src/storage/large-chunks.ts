/** Bytes of one read from a stream. */
const CHUNK = 256 * 1024

/** Reads a stream to its end. Each chunk is a turn of the event loop and a message, so that small chunks would be slow. */
export async function* inLargeChunks(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    for (;;) {
      const { value, done } = await reader.readAtLeast(CHUNK, new Uint8Array(CHUNK))
      if (value && value.byteLength > 0) yield value
      if (done) return
    }
  } finally {
    // After an error, or where nobody reads on, the rest of the stream is not read.
    await reader.cancel().catch(() => undefined)
  }
}
