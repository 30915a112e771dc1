import { orAfter } from '../../kernel/within-time.ts'
import { inLargeChunks } from '../../storage/large-chunks.ts'

/** Bytes of a file that is taken into memory to be imported. */
export const SMALL = 8 * 1024 * 1024

/** Such files in an isolate, all accounts together. What comes beyond that is not taken into memory. */
const MOST_HELD = 3

/** ms after which a place is free again: whose object was reset does not give it back. */
const LONGEST = 10 * 60 * 1000

/** ms that a file may take to come and be taken into memory: who sends slowly, or stops, would have it for as long as he likes. */
const RECEIVING = 30_000

/** When each was begun, in ms since the epoch. Plain data, as objects of an isolate may share it. */
const held = new Map<symbol, number>()

/** Takes a place in memory; undefined: there is none. */
function takePlace(): symbol | undefined {
  const now = Date.now()
  for (const [place, since] of held) if (since <= now - LONGEST) held.delete(place)
  if (held.size >= MOST_HELD) return undefined
  const place = Symbol('import')
  held.set(place, now)
  return place
}

/**
 * A file that is being received: in memory where it is small, so that it can be read again, and otherwise a stream of
 * which the beginning is.
 */
export class ImportFile {
  /** Whether it can be read more than once. */
  readonly isWhole: boolean
  readonly #open: () => ReadableStream<Uint8Array>
  readonly #place: symbol | undefined

  private constructor(
    open: () => ReadableStream<Uint8Array>,
    isWhole: boolean,
    place: symbol | undefined,
  ) {
    this.#open = open
    this.isWhole = isWhole
    this.#place = place
  }

  /** Resolves when all of it is there, or more than fits into memory, or it has taken too long. @param patience in ms */
  static async receive(
    stream: ReadableStream<Uint8Array>,
    patience = RECEIVING,
  ): Promise<ImportFile> {
    const until = Date.now() + patience
    const place = takePlace()
    if (!place) return new ImportFile(() => stream, false, undefined)
    try {
      const parts: Uint8Array<ArrayBuffer>[] = []
      let size = 0
      const chunks = inLargeChunks(stream)
      while (size <= SMALL) {
        const coming = chunks.next()
        const next = await orAfter(coming, Math.max(0, until - Date.now()), () => undefined)
        if (!next) {
          // What is here is read now, and then it is not held any more.
          held.delete(place)
          return new ImportFile(() => streamOf(parts, after(coming, chunks)), false, undefined)
        }
        const { value, done } = next
        if (done) {
          const file = new Blob(parts)
          return new ImportFile(() => file.stream(), true, place)
        }
        size += value.byteLength
        parts.push(value)
      }
      return new ImportFile(() => streamOf(parts, chunks), false, place)
    } catch (error) {
      held.delete(place)
      throw error
    }
  }

  /** The file from its beginning. */
  stream(): ReadableStream<Uint8Array> {
    return this.#open()
  }

  /** To be called when it is read no more. */
  release(): void {
    if (this.#place) held.delete(this.#place)
  }
}

/** The rest of a file of which the next chunk was asked for. */
async function* after<T>(
  coming: Promise<IteratorResult<T, void>>,
  chunks: AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  const { value, done } = await coming
  if (done) return
  yield value
  yield* chunks
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
