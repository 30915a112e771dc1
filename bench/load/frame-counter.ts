/**
 * Counts the messages of a WebSocket in the bytes that arrive, and skips their contents: a client that
 * decodes what a hundred consumers get would be measured instead of the server.
 */
export class FrameCounter {
  /** The beginning of a frame whose length is not known yet. */
  #head = Buffer.alloc(0)
  /** Bytes of the current frame still to come. */
  #rest = 0
  /** Whether the current frame is a message, not one of the protocol's own (ping, pong, close). */
  #counts = false

  /** @returns how many messages the chunk completes (RFC 6455, Base Framing; a server does not mask) */
  push(chunk: Buffer): number {
    let at = Math.min(this.#rest, chunk.length)
    let complete = this.#rest > 0 && at === this.#rest && this.#counts ? 1 : 0
    this.#rest -= at
    while (at < chunk.length) {
      const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, chunk.subarray(at)]) : chunk
      const start = this.#head.length > 0 ? 0 : at
      const frame = measure(bytes, start)
      if (!frame) {
        this.#head = Buffer.from(bytes.subarray(start))
        return complete
      }
      const here = Math.min(frame.header + frame.payload, bytes.length - start)
      at += here - this.#head.length
      this.#head = Buffer.alloc(0)
      this.#rest = frame.header + frame.payload - here
      this.#counts = frame.opcode < 8
      if (this.#counts && this.#rest === 0) complete += 1
    }
    return complete
  }
}

/** Lengths of the frame that begins at `at`; undefined when its header is not complete. */
function measure(bytes: Buffer, at: number) {
  if (bytes.length < at + 2) return undefined
  const opcode = bytes.readUInt8(at) & 0x0f
  const length = bytes.readUInt8(at + 1) & 0x7f
  const header = length === 127 ? 10 : length === 126 ? 4 : 2
  if (bytes.length < at + header) return undefined
  const payload =
    length === 127
      ? Number(bytes.readBigUInt64BE(at + 2))
      : length === 126
        ? bytes.readUInt16BE(at + 2)
        : length
  return { opcode, header, payload }
}
