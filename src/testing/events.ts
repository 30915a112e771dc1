/** Waits for events of the firehose, in tests inside workerd. */
import { expect } from 'vitest'
import { eventLine, eventsOf, type HostEvent } from '../framework/firehose-events.ts'
import type { RecordInput } from '../framework/host-client.ts'
import type { Collection } from '../kernel/collections.ts'
import { collect } from './consumer.ts'
import { send } from './host.ts'

/** What an event must have; what is left out may be anything. */
export interface EventMatch<C extends string> {
  collection?: Collection<C>
  action?: 'create' | 'update' | 'delete'
  /** What the record must have, at least. */
  record?: Partial<RecordInput<C>>
  did?: string
  rkey?: string
  uri?: string
  /** `#commit`, `#identity`, `#account`, `#sync`. */
  type?: string
}

export interface EventOptions {
  /** An event, or its `seq`: only what came after it counts. Otherwise all events since the host of this file began. */
  after?: { seq: number } | number
  /** How long to wait, in ms: 5,000 unless given. */
  timeout?: number
}

/**
 * Waits for an event of the host's firehose, as relays see it: one that is there, or one to come. Whether it came before is
 * of no matter.
 *
 * @throws Error that lists the events that came instead
 */
export async function expectEvent<const C extends string = string>(
  match: EventMatch<C>,
  { after = 0, timeout = 5_000 }: EventOptions = {},
): Promise<HostEvent> {
  const cursor = typeof after === 'number' ? after : after.seq
  const { webSocket } = await send(`/xrpc/com.atproto.sync.subscribeRepos?cursor=${cursor}`, {
    headers: { upgrade: 'websocket' },
  })
  if (!webSocket) throw new Error('the host has no firehose')
  const { received, socket, until } = collect(webSocket)
  const seen: HostEvent[] = []
  let found: HostEvent | undefined
  let taken = 0
  let isOver = false
  const look = () => {
    while (taken < received.length && !found) {
      const { type = '', body } = received[taken++] ?? {}
      for (const event of eventsOf(type, body)) {
        seen.push(event)
        if (matches(event, match)) found ??= event
      }
    }
    return found !== undefined || isOver
  }
  const timer = setTimeout(() => {
    isOver = true
    // Wakes who waits.
    socket.close()
  }, timeout)
  await until(look)
  clearTimeout(timer)
  socket.close()
  if (found) return found
  const lines = seen.map((event) => `  ${eventLine(event)}`)
  throw new Error(
    `no event ${JSON.stringify(match)} within ${timeout} ms; these came:\n${lines.join('\n')}`,
  )
}

function matches(event: HostEvent, match: object): boolean {
  try {
    expect(event).toMatchObject(match)
    return true
  } catch {
    return false
  }
}
