/** Prints the firehose of the host, an event a line, as a relay would get it. */
import { Frame, type MessageFrame } from '@atproto/xrpc-server'
import { eventLine, eventsOf } from '../../src/framework/firehose-events.ts'
import type { HostAnswers } from './host-answers.ts'

/** Until the next attempt, when the host was started anew; ms. */
const PAUSE = 500

/**
 * Reads from now on, and again whenever the connection ends, until `signal` is aborted.
 *
 * @param forget told of an identity that has changed
 */
export function tapFirehose(
  host: HostAnswers,
  print: (line: string) => void,
  forget: (did: string) => void,
  signal: AbortSignal,
): void {
  let cursor: number | undefined
  let current: WebSocket | undefined
  let printing = Promise.resolve()
  const connect = () => {
    if (signal.aborted) return
    const query = cursor === undefined ? '' : `?cursor=${cursor}`
    const url = `${host.origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos${query}`
    const socket = new WebSocket(url)
    current = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => {
      const frame = Frame.fromBytes(new Uint8Array(data as ArrayBuffer))
      if (!frame.isMessage()) return
      const { type = '', body } = frame as MessageFrame
      for (const event of eventsOf(type, body)) {
        cursor = event.seq
        printing = printing.then(async () => {
          if (type === '#identity') forget(event.did)
          print(`firehose  ${eventLine(event, (await host.account(event.did))?.handle)}`)
        })
      }
    })
    socket.addEventListener('close', () => setTimeout(connect, PAUSE))
    // It is closed after that, too.
    socket.addEventListener('error', () => undefined)
  }
  signal.addEventListener('abort', () => current?.close(), { once: true })
  connect()
}
