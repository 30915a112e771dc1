/** Reads the last events of the firehose, as a relay would: from outside, with a cursor. */
import { Frame } from '@atproto/xrpc-server'
import type { HostReport } from '../../src/contracts/host-report.ts'
import { fieldsOf, messageOf } from './answers.ts'
import { Skipped } from './finding.ts'
import type { Outside } from './outside.ts'

/** Events that are read, as many as the host counts. */
export const WANTED = 100
/** How long the next event may take, in ms. */
const PATIENCE = 6_000
/** Bytes of all events that are read. */
const MAX_BYTES = 64 * 1024 * 1024

const PATH = '/xrpc/com.atproto.sync.subscribeRepos'

export interface FirehoseEvent {
  /** Such as `#commit`. */
  type: string
  body: Record<string, unknown>
}

export interface FirehoseSample {
  events: FirehoseEvent[]
  /** Why not all of them came; undefined: they did. */
  problem: string | undefined
}

/** @throws Skipped where there is nothing to read */
export async function readFirehose(
  { publicUrl, firehose, lastEventsAfter: cursor }: HostReport,
  outside: Outside,
): Promise<FirehoseSample> {
  if (firehose.lastEventAt === undefined) throw new Skipped('nothing was published yet')
  const { head } = firehose
  const url = `${publicUrl.replace(/^http/, 'ws')}${PATH}?cursor=${cursor}`
  const sample: FirehoseSample = { events: [], problem: undefined }
  const { promise: ended, resolve } = Promise.withResolvers<string | undefined>()
  const socket = outside.listen(url)
  socket.binaryType = 'arraybuffer'
  const late = () => resolve(`no event came within ${PATIENCE / 1000} s`)
  let timer = setTimeout(late, PATIENCE)
  let bytes = 0
  let isOpen = false
  socket.addEventListener('open', () => {
    isOpen = true
  })
  socket.addEventListener('message', ({ data }) => {
    clearTimeout(timer)
    timer = setTimeout(late, PATIENCE)
    bytes += (data as ArrayBuffer).byteLength
    try {
      const event = eventOf(new Uint8Array(data as ArrayBuffer))
      if (event.type === 'error') return resolve(`it answered with ${event.body.error}`)
      if (event.type === '#info') return
      sample.events.push(event)
      if (Number(event.body.seq) >= head || sample.events.length > 2 * WANTED) resolve(undefined)
      if (bytes > MAX_BYTES) resolve('the events are too large')
    } catch (error) {
      resolve(`a message is no event: ${messageOf(error)}`)
    }
  })
  socket.addEventListener('close', ({ code }) => {
    resolve(isOpen ? `the connection was ended with code ${code}` : 'no-websocket')
  })
  socket.addEventListener('error', () => {
    if (!isOpen) resolve('no-websocket')
  })
  const problem = await ended
  clearTimeout(timer)
  socket.close()
  sample.problem = problem === 'no-websocket' ? await refusal(publicUrl, outside) : problem
  return sample
}

function eventOf(bytes: Uint8Array): FirehoseEvent {
  const frame = Frame.fromBytes(bytes)
  const body = fieldsOf(frame.body)
  return frame.isMessage() ? { type: frame.type ?? '', body } : { type: 'error', body }
}

/** Why there is no connection: what a request without an upgrade gets tells a proxy from the host. */
async function refusal(publicUrl: string, outside: Outside): Promise<string> {
  try {
    const { status } = await outside.get(`${publicUrl}/xrpc/_health`)
    return status >= 500
      ? `no WebSocket can be opened: the host answers ${status}`
      : 'no WebSocket can be opened, though the host answers: the proxy in front of it does not pass it on'
  } catch (error) {
    return `the host cannot be reached: ${messageOf(error)}`
  }
}
