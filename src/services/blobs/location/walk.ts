/**
 * Reads a file format from a stream without holding the stream. A format is a generator that asks
 * for what it wants next, byte by byte count, and may change what it was given; a `Walker` feeds it
 * from chunks of any size. When the generator ends, and when the file ends, the rest passes as it is.
 */

/**
 * The largest piece of metadata that is held in memory and searched, in bytes. JPEG allows 64 KiB;
 * in PNG and WebP larger ones are blanked.
 */
export const MAX_METADATA = 1024 * 1024

/** What a format asks for. */
export type Step =
  /** The next bytes, to look at; they are asked for again. A few dozen at most. */
  | { peek: number }
  /** The next bytes, to look at and to change. They are held in memory: only up to a bound. */
  | { take: number }
  /** Lets bytes pass; any number. */
  | { pass: number }
  /** Lets bytes pass up to a byte `seek` that is followed by one for which `stop` holds. */
  | { seek: number; stop: (next: number) => boolean }

/** A format. What it yields is answered with the bytes asked for; `pass` and `seek` with none. */
export type Walk = Generator<Step, void, Uint8Array>

const NONE = new Uint8Array(0)

export class Walker {
  readonly #walk: Walk
  #step: Step | undefined
  /** Input that was not enough for a `peek` or a `seek`. */
  #rest: Uint8Array = NONE
  /** Bytes of a `take` so far. */
  #taken: Uint8Array = NONE
  #filled = 0
  #out: Uint8Array[] = []

  constructor(walk: Walk) {
    this.#walk = walk
    this.#advance(NONE)
  }

  /** Takes in a chunk and returns what may go on; as many bytes in all as came in, in the end. */
  push(chunk: Uint8Array): Uint8Array {
    this.#rest = this.#rest.byteLength === 0 ? chunk : concat([this.#rest, chunk])
    while (this.#proceed()) {
      // Until the input does not suffice.
    }
    return this.#drain()
  }

  /** What was held back, when the file has ended. */
  end(): Uint8Array {
    this.#out.push(this.#taken.subarray(0, this.#filled), this.#rest)
    return this.#drain()
  }

  /** Does one step or a part of it; false when there is not enough input. */
  #proceed(): boolean {
    const step = this.#step
    if (step === undefined) {
      this.#pass(this.#rest.byteLength)
      return false
    }
    if ('pass' in step) {
      const passed = this.#pass(step.pass)
      if (passed === step.pass) return this.#advance(NONE)
      this.#step = { pass: step.pass - passed }
      return false
    }
    if ('peek' in step) {
      if (this.#rest.byteLength < step.peek) return false
      return this.#advance(this.#rest.slice(0, step.peek))
    }
    if ('take' in step) return this.#take(step.take)
    return this.#seek(step.seek, step.stop)
  }

  #take(size: number): boolean {
    if (this.#taken.byteLength !== size) this.#taken = new Uint8Array(size)
    const part = this.#rest.subarray(0, size - this.#filled)
    this.#taken.set(part, this.#filled)
    this.#filled += part.byteLength
    this.#rest = this.#rest.subarray(part.byteLength)
    if (this.#filled < size) return false
    const whole = this.#taken
    this.#taken = NONE
    this.#filled = 0
    this.#advance(whole)
    this.#out.push(whole)
    return true
  }

  #seek(byte: number, stop: (next: number) => boolean): boolean {
    let at = this.#rest.indexOf(byte)
    while (at !== -1 && at + 1 < this.#rest.byteLength) {
      if (stop(this.#rest[at + 1] as number)) {
        this.#pass(at)
        return this.#advance(NONE)
      }
      at = this.#rest.indexOf(byte, at + 1)
    }
    this.#pass(at === -1 ? this.#rest.byteLength : at)
    return false
  }

  #pass(size: number): number {
    const part = this.#rest.subarray(0, size)
    if (part.byteLength > 0) this.#out.push(part)
    this.#rest = this.#rest.subarray(part.byteLength)
    return part.byteLength
  }

  #advance(answer: Uint8Array): boolean {
    this.#step = this.#walk.next(answer).value ?? undefined
    return true
  }

  #drain(): Uint8Array {
    const out = this.#out.length === 1 ? (this.#out[0] as Uint8Array) : concat(this.#out)
    this.#out = []
    return out
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** Whether `bytes` have the ASCII text `text` at `at`. */
export function hasText(bytes: Uint8Array, text: string, at = 0): boolean {
  if (bytes.byteLength < at + text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

const latin1 = new TextDecoder('latin1')

/** One character for each byte, so that places in the text are places in the bytes. */
export const toLatin1 = (bytes: Uint8Array): string => latin1.decode(bytes)
