/** Messages of a WebSocket that nobody masks, as they come from a server (RFC 6455), and where they are in the firehose. */

/** Bytes of each message that are kept; the sequence number of a commit of one record is among the first 300. */
const HEAD = 2048
/** Opcode of the frame that ends a connection. */
const CLOSE = 8

/** The end of an answer to the server's close frame: the same, masked with zeros. */
export const CLOSE_REPLY = Buffer.from([0x88, 0x80, 0, 0, 0, 0])

/**
 * Counts the messages in the bytes that arrive, and skips their contents: a client that decodes what a hundred consumers get
 * would be measured instead of the server.
 */
export class FrameCounter {
  /** The beginning of a frame whose length is not known yet. */
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the current frame that are still to come. */
  #rest = 0
  /** Whether the current frame is a message, not one of the protocol's own (ping, pong, close). */
  #isMessage = false
  /** The beginnings of the current message and of the last one. */
  readonly #kept: [Buffer, Buffer] = [Buffer.alloc(HEAD), Buffer.alloc(HEAD)]
  #length = 0
  /** Whether the server has said that it ends. */
  closed = false

  /** @returns how many events the chunk completes */
  push(chunk: Buffer): number {
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk
    let complete = 0
    for (let at = 0; ; ) {
      const here = Math.min(this.#rest, bytes.length - at)
      if (this.#isMessage && this.#length < HEAD) {
        this.#length += bytes.copy(this.#kept[0], this.#length, at, at + here)
      }
      at += here
      this.#rest -= here
      if (this.#rest > 0) break
      if (this.#isMessage) complete += this.#finish()
      this.#isMessage = false
      const frame = readHeader(bytes, at)
      if (!frame) {
        this.#head = Buffer.from(bytes.subarray(at))
        return complete
      }
      at += frame.header
      this.#rest = frame.payload
      this.#isMessage = frame.opcode < CLOSE
      this.#length = 0
      if (frame.opcode === CLOSE) this.closed = true
    }
    this.#head = Buffer.alloc(0)
    return complete
  }

  /** The sequence number of the last event; undefined when none has come, or it is not where it should be. */
  get seq(): bigint | undefined {
    return readSeq(this.#kept[1])
  }

  /** @returns 1 for an event, 0 for an error */
  #finish(): number {
    const [current, last] = this.#kept
    // {"op": -1} comes before what it says.
    if (current.subarray(0, ERROR.length).equals(ERROR)) return 0
    current.fill(0, this.#length)
    this.#kept[0] = last
    this.#kept[1] = current
    return 1
  }
}

/** In CBOR: a map that begins with "op", -1. */
const ERROR = Buffer.from('a1626f7020', 'hex')
/** In CBOR: "seq" as a key, and a number of 4 or 8 bytes after it. */
const SEQ = Buffer.from('\x63seq', 'latin1')

function readSeq(event: Buffer): bigint | undefined {
  const at = event.indexOf(SEQ)
  if (at < 0 || at + SEQ.length + 9 > event.length) return undefined
  const value = at + SEQ.length
  const kind = event.readUInt8(value)
  if (kind === 0x1b) return event.readBigUInt64BE(value + 1)
  if (kind === 0x1a) return BigInt(event.readUInt32BE(value + 1))
  if (kind === 0x19) return BigInt(event.readUInt16BE(value + 1))
  if (kind === 0x18) return BigInt(event.readUInt8(value + 1))
  return kind < 0x18 ? BigInt(kind) : undefined
}

/** Lengths of the frame that begins at `at`; undefined when its header is not complete. */
function readHeader(bytes: Buffer, at: number) {
  if (bytes.length < at + 2) return undefined
  const opcode = bytes.readUInt8(at) & 0x0f
  const length = bytes.readUInt8(at + 1) & 0x7f
  const header = length === 127 ? 10 : length === 126 ? 4 : 2
  if (bytes.length < at + header) return undefined
  if (length === 127) return { opcode, header, payload: Number(bytes.readBigUInt64BE(at + 2)) }
  return { opcode, header, payload: length === 126 ? bytes.readUInt16BE(at + 2) : length }
}
