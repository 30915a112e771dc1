import type { FileTypeResult } from 'file-type'

let loaded: typeof import('file-type') | undefined

/** Loaded with the first blob; each `import` takes its turn, also of what is there. */
const library = async () => {
  loaded ??= await import('file-type')
  return loaded
}

/** Bytes at the beginning that are kept, for files that break off behind them. */
const SAMPLE = 4100

/** Most bytes that may wait to be looked at. Those that come faster are not looked at. */
const MAX_WAITING = 4 * 1024 * 1024

/**
 * Tells the type of a file by its content while it passes by. Most show it in their first bytes; of archives,
 * which office documents are, and of music behind a picture, as much is read as it takes.
 */
export class Sniffer {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  readonly #type: Promise<FileTypeResult | undefined>
  readonly #sample = new Uint8Array(SAMPLE)
  #sampled = 0

  constructor() {
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => {
          this.#controller = undefined
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING }),
    )
    this.#type = orNothing(library().then(({ fileTypeFromStream }) => fileTypeFromStream(stream)))
  }

  push(bytes: Uint8Array): void {
    if (this.#sampled < SAMPLE) {
      const begin = bytes.subarray(0, SAMPLE - this.#sampled)
      this.#sample.set(begin, this.#sampled)
      this.#sampled += begin.byteLength
    }
    if (!this.#controller || bytes.byteLength === 0) return
    // A copy: whoever takes the bytes next may take them away.
    this.#controller.enqueue(bytes.slice())
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#close()
  }

  /** To be called when nothing more comes; the MIME type that the content shows, if any. */
  async end(): Promise<string | undefined> {
    this.#close()
    const type = await this.#type
    if (type) return type.mime
    // Of a stream the library takes whole files only.
    const sample = this.#sample.subarray(0, this.#sampled)
    return typeOf(sample)
  }

  #close(): void {
    this.#controller?.close()
    this.#controller = undefined
  }
}

/** Content that only begins like a known type may make the library throw: then it is not that type. */
const orNothing = (type: Promise<FileTypeResult | undefined>) => type.catch(() => undefined)

/** The MIME type that the content of a file shows, if any. */
export const typeOf = async (file: Uint8Array): Promise<string | undefined> => {
  const { fileTypeFromBuffer } = await library()
  return (await orNothing(fileTypeFromBuffer(file)))?.mime
}
