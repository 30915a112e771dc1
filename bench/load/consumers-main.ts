/**
 * Consumers of the firehose in a process of their own, so that they do not hold up whoever writes. Says
 * when all are connected, and then, when asked, what has arrived.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Arrivals } from './consumers.ts'
import { FrameCounter } from './frame-counter.ts'
import { now } from './now.ts'

const { ORIGIN = '', COUNT = '1', CURSOR } = process.env
const { hostname, port } = new URL(ORIGIN)
const count = Number(COUNT)

let state = fresh()

function fresh() {
  const last: number[] = []
  const perConsumer: number[] = Array(count).fill(0)
  return { last, messages: 0, bytes: 0, closed: 0, newest: 0, perConsumer }
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

function open(consumer: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    const frames = new FrameCounter()
    /** Of the upgrade, as far as it is here; undefined once it is complete. */
    let answer: Buffer | undefined = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => {
      state.closed += 1
    })
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk
      if (answer) {
        answer = Buffer.concat([answer, chunk])
        const end = answer.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!answer.toString('latin1', 0, 12).endsWith('101')) {
          reject(new Error(`no firehose: ${answer.toString('latin1', 0, end)}`))
          return
        }
        rest = answer.subarray(end + 4)
        answer = undefined
        resolve(socket)
      }
      const messages = frames.push(rest)
      if (rest.length > 0) arrived(consumer, messages, rest.length)
    })
    const query = CURSOR === undefined ? '' : `?cursor=${CURSOR}`
    socket.write(
      `GET /xrpc/com.atproto.sync.subscribeRepos${query} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
        'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
        `sec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    )
  })
}

const started = now()
process.on('message', (order: 'look' | 'reset') => {
  if (order === 'reset') state = fresh()
  const { perConsumer, ...arrivals } = state
  process.send?.({ ...arrivals, started, fewest: Math.min(...perConsumer) } satisfies Arrivals)
})
process.once('disconnect', () => process.exit())
await Promise.all(Array.from({ length: count }, (_, consumer) => open(consumer)))
process.send?.({ port: 0 })
