import { inLargeChunks } from '../../storage/large-chunks.ts'

/** Bytes of a file that is taken into memory to be imported. */
export const SMALL = 8 * 1024 * 1024

/** Bytes of such files in an isolate, all accounts together. What comes beyond that is not taken into memory. */
const MOST_HELD = 3 * SMALL

let held = 0

/**
 * A file that is being received: in memory where it is small, so that it can be read again, and otherwise a stream of
 * which the beginning is.
 */
export class ImportFile {
  /** Whether it can be read more than once. */
  readonly isWhole: boolean
  readonly #open: () => ReadableStream<Uint8Array>
  readonly #reserved: number

  private constructor(open: () => ReadableStream<Uint8Array>, isWhole: boolean, reserved: number) {
    this.#open = open
    this.isWhole = isWhole
    this.#reserved = reserved
  }

  /** Resolves when all of it is there, or more than fits into memory. */
  static async receive(stream: ReadableStream<Uint8Array>): Promise<ImportFile> {
    if (held + SMALL > MOST_HELD) return new ImportFile(() => stream, false, 0)
    held += SMALL
    try {
      const parts: Uint8Array<ArrayBuffer>[] = []
      let size = 0
      const chunks = inLargeChunks(stream)
      while (size <= SMALL) {
        const { value, done } = await chunks.next()
        if (done) {
          const file = new Blob(parts)
          return new ImportFile(() => file.stream(), true, SMALL)
        }
        size += value.byteLength
        parts.push(value)
      }
      return new ImportFile(() => streamOf(parts, chunks), false, SMALL)
    } catch (error) {
      held -= SMALL
      throw error
    }
  }

  /** The file from its beginning. */
  stream(): ReadableStream<Uint8Array> {
    return this.#open()
  }

  /** To be called when it is read no more. */
  release(): void {
    held -= this.#reserved
  }
}

function streamOf(
  parts: Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const passOn = async () => {
    for (let part = parts.shift(); part; part = parts.shift()) await writer.write(part)
    for await (const bytes of rest) await writer.write(bytes)
    await writer.close()
  }
  // Whoever reads gets the error; where it is the reader that has ended, there is nobody to tell.
  passOn().catch((error: unknown) =>
    Promise.all([writer.abort(error), rest.return()]).catch(() => undefined),
  )
  return readable
}
