/**
 * Consumers of the firehose in a process of their own, so that they do not hold up whoever writes.
 * Reports when all are connected, and then, when asked, what has arrived.
 */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { type Arrivals, now } from './consumers.ts'

/**
 * Counts the messages of a WebSocket in the bytes that arrive, and skips their contents: a client
 * that decodes what a hundred consumers get would be measured instead of the server.
 */
class FrameCounter {
  /** The beginning of a frame whose length is not known yet. */
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the current frame that are still to come. */
  #rest = 0
  /** Whether the current frame is a message, not one of the protocol's own (ping, pong, close). */
  #isMessage = false

  /** @returns how many messages the chunk completes (RFC 6455; a server does not mask) */
  push(chunk: Buffer): number {
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk
    let complete = 0
    for (let at = 0; ; ) {
      const here = Math.min(this.#rest, bytes.length - at)
      at += here
      this.#rest -= here
      if (this.#rest > 0) break
      if (this.#isMessage) complete += 1
      this.#isMessage = false
      const frame = readHeader(bytes, at)
      if (!frame) {
        this.#head = Buffer.from(bytes.subarray(at))
        return complete
      }
      at += frame.header
      this.#rest = frame.payload
      this.#isMessage = frame.opcode < 8
    }
    this.#head = Buffer.alloc(0)
    return complete
  }
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

const { ORIGIN = '', COUNT = '1', CURSOR = '' } = process.env
const count = Number(COUNT)

let state = fresh()

function fresh() {
  const last: number[] = []
  const perConsumer: number[] = Array(count).fill(0)
  return { last, messages: 0, bytes: 0, newest: 0, perConsumer }
}

function arrived(consumer: number, messages: number, bytes: number): void {
  const time = now()
  const before = state.perConsumer[consumer] ?? 0
  state.perConsumer[consumer] = before + messages
  state.messages += messages
  state.bytes += bytes
  state.newest = time
  // Time only grows: whoever comes last has written the number that stays.
  for (let at = before; at < before + messages; at += 1) state.last[at] = time
}

function open(consumer: number): Promise<void> {
  const query = CURSOR === '' ? '' : `?cursor=${CURSOR}`
  const upgrade = request(`${ORIGIN}/xrpc/com.atproto.sync.subscribeRepos${query}`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    },
  })
  upgrade.end()
  return new Promise((resolve, reject) => {
    upgrade.on('error', reject)
    upgrade.on('response', ({ statusCode }) => reject(new Error(`no firehose: ${statusCode}`)))
    upgrade.on('upgrade', (_, socket, head) => {
      const frames = new FrameCounter()
      const receive = (chunk: Buffer) => arrived(consumer, frames.push(chunk), chunk.length)
      if (head.length > 0) receive(head)
      socket.on('data', receive)
      resolve()
    })
  })
}

const started = now()
process.on('message', (request: 'report' | 'reset') => {
  if (request === 'reset') state = fresh()
  const { perConsumer, ...arrivals } = state
  process.send?.({ ...arrivals, started, fewest: Math.min(...perConsumer) } satisfies Arrivals)
})
process.once('disconnect', () => process.exit())
await Promise.all(Array.from({ length: count }, (_, consumer) => open(consumer)))
process.send?.({ port: 0 })
