/** Bytes read at once. Scripted transform streams move 4 KiB at a time and take twice the CPU time. */
const PIECE = 64 * 1024

/**
 * A stream of what `change` makes of the pieces of `source`. `change` is called with undefined after
 * the last one. What it throws, and what goes wrong with the source, breaks the stream off.
 *
 * @returns the stream, and a promise that settles when all of it was taken or it broke off
 */
export function pump(
  source: ReadableStream<Uint8Array>,
  change: (piece: Uint8Array | undefined) => Uint8Array,
): { stream: ReadableStream<Uint8Array>; done: Promise<void> } {
  const { readable, writable } = new IdentityTransformStream()
  return { stream: readable, done: run(source, writable.getWriter(), change) }
}

async function run(
  source: ReadableStream<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  change: (piece: Uint8Array | undefined) => Uint8Array,
): Promise<void> {
  const read = reader(source)
  try {
    for (;;) {
      const piece = await read()
      const bytes = change(piece)
      if (bytes.byteLength > 0) await writer.write(bytes)
      if (piece === undefined) break
    }
    await writer.close()
  } catch (error) {
    await Promise.allSettled([writer.abort(error), source.cancel(error)])
    throw error
  }
}

/** Reads pieces as large as the stream allows; undefined at its end. */
function reader(source: ReadableStream<Uint8Array>): () => Promise<Uint8Array | undefined> {
  const byteReader = openByteReader(source)
  if (byteReader) {
    return async () => {
      const { value } = await byteReader.readAtLeast(PIECE, new Uint8Array(PIECE))
      return value?.byteLength ? value : undefined
    }
  }
  const chunkReader = source.getReader()
  return async () => (await chunkReader.read()).value
}

/** Streams of the platform are streams of bytes; those that scripts make may not be. */
function openByteReader(source: ReadableStream<Uint8Array>) {
  try {
    return source.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}
