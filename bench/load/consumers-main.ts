/**
 * Consumers of the firehose in a process of their own, so that they do not hold up whoever writes.
 * Reports when all are connected, and then, when asked, what has arrived.
 */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { type Arrivals, now } from './consumers.ts'
import { CLOSE_REPLY, FrameCounter } from './frames.ts'

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

/** Connects a consumer, and again from where it is when the server ends the connection, as it may when it has sent much. */
function open(consumer: number, cursor = CURSOR): Promise<void> {
  const query = cursor === '' ? '' : `?cursor=${cursor}`
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
      const receive = (chunk: Buffer) => {
        arrived(consumer, frames.push(chunk), chunk.length)
        // The server knows by the answer that all has been read.
        if (frames.closed) socket.end(CLOSE_REPLY)
      }
      if (head.length > 0) receive(head)
      socket.on('data', receive)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => void open(consumer, frames.seq?.toString() ?? cursor))
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
