/** How fast consumers get what they have missed. */
import type { Cleanup } from '../cleanup.ts'
import { closeHost, type ManyHost } from '../hosts/host.ts'
import { create } from '../hosts/rows.ts'
import { Consumers } from '../load/consumers.ts'
import { counter, step } from '../progress.ts'
import type { ServerName } from '../servers/server.ts'
import { cpuTime } from '../stages/memory.ts'

export interface Replay {
  server: ServerName
  consumers: number
  /** In the log, at the least that a consumer got. */
  events: number
  /** From connecting to the last event of the last consumer. */
  seconds: number
  /** Per second, all consumers together. */
  rate: number
  mb: number
  /** Of the server, per event and consumer, in µs. */
  cpu: number
}

/** Consumers at once. */
const CONSUMERS = [1, 10]
const WRITERS = 16

/** Fills the log of a running host, which is stopped in the end, and reads it from cursor 0. */
export async function replay(host: ManyHost, events: number, cleanup: Cleanup): Promise<Replay[]> {
  const { running } = host
  await fillLog(host, events)
  const results: Replay[] = []
  for (const count of CONSUMERS) {
    step('replay', `${running.name}, ${count} consumers`)
    const cpuBefore = cpuTime(running.pid)
    const consumers = await Consumers.open(running.origin, count, cleanup, 0)
    const { messages, bytes, fewest, newest, started } = await consumers.untilSilent()
    const cpu = (cpuTime(running.pid) - cpuBefore) / messages
    await consumers.close()
    const seconds = (newest - started) / 1000
    results.push({
      server: running.name,
      consumers: count,
      events: fewest,
      seconds,
      rate: messages / seconds,
      mb: bytes / 1e6 / seconds,
      cpu: cpu * 1000,
    })
  }
  await closeHost(host)
  return results
}

/** One createRecord for each event, to one account after the other. */
async function fillLog({ client, residents, running }: ManyHost, events: number): Promise<void> {
  const progress = counter(`replay: filling the log of ${running.name}`, events)
  let sent = 0
  const writer = async () => {
    while (sent < events) {
      const resident = residents[sent % residents.length]
      sent += 1
      if (resident) await client.drain(create(resident))
      progress(sent)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}
