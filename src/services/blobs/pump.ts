import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'

/** What a client is told, should it still be there, whose upload ended too early or is not readable. */
export const brokenOff = (cause?: unknown): XRPCError =>
  cause instanceof XRPCError
    ? cause
    : new InvalidRequestError('The upload broke off', undefined, { cause })

/** Bytes read at once. Scripted transform streams move 4 KiB at a time and take twice the CPU time. */
const PIECE = 64 * 1024

interface Pump {
  stream: ReadableStream<Uint8Array>
  done: Promise<void>
  stop(reason: unknown): Promise<void>
}

/**
 * A stream of what `change` makes of the pieces of `source`. `change` is called with undefined after
 * the last one. What it throws, and what goes wrong with the source, breaks the stream off. With
 * `size`, in bytes, the platform knows the length of the stream, which R2 wants.
 *
 * @returns the stream, a promise that settles when all of it was taken or it broke off, and a function
 * that breaks it off, for when nobody reads it any more
 */
export function pump(
  source: ReadableStream<Uint8Array>,
  size: number | undefined,
  change: (piece: Uint8Array | undefined) => Uint8Array,
): Pump {
  const { readable, writable } =
    size === undefined ? new IdentityTransformStream() : new FixedLengthStream(size)
  const writer = writable.getWriter()
  return {
    stream: readable,
    done: run(source, writer, change),
    stop: (reason) => writer.abort(reason).catch(() => undefined),
  }
}

async function run(
  source: ReadableStream<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  change: (piece: Uint8Array | undefined) => Uint8Array,
): Promise<void> {
  const { read, release } = openReader(source, PIECE)
  try {
    for (;;) {
      const piece = await read().catch((cause: unknown) => {
        throw brokenOff(cause)
      })
      const bytes = change(piece)
      if (bytes.byteLength > 0) await writer.write(bytes)
      if (piece === undefined) break
    }
    await writer.close()
  } catch (error) {
    await writer.abort(error).catch(() => {})
    throw error
  } finally {
    release()
  }
}

export interface PieceReader {
  /** A piece as large as the stream allows, or of `size` bytes at least where it says how many it has; undefined at its end. */
  read(size?: number): Promise<Uint8Array | undefined>
  release(): void
}

/** @param most bytes that are read at once, and all of them where the stream has as many */
export function openReader(source: ReadableStream<Uint8Array>, most: number): PieceReader {
  const byteReader = openByteReader(source)
  if (byteReader) {
    return {
      async read(size = most) {
        const { value } = await byteReader.readAtLeast(size, new Uint8Array(size))
        return value?.byteLength ? value : undefined
      },
      release: () => byteReader.releaseLock(),
    }
  }
  const chunkReader = source.getReader()
  return {
    read: async () => (await chunkReader.read()).value,
    release: () => chunkReader.releaseLock(),
  }
}

/** Streams of the platform are streams of bytes; those that scripts make may not be. */
function openByteReader(source: ReadableStream<Uint8Array>) {
  try {
    return source.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}
