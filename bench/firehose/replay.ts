/** How fast consumers get what they have missed. */
import { DatabaseSync } from 'node:sqlite'
import type { Cleanup } from '../cleanup.ts'
import { closeHost, type ManyHost } from '../hosts/host.ts'
import { create } from '../hosts/rows.ts'
import { objectFile } from '../hosts/template.ts'
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
  /** Bytes of the log's file for each event, of Cumulus. */
  stored?: number
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
  const stored = storedBytes(host)
  const [first] = results
  if (first && stored !== undefined) first.stored = stored / first.events
  return results
}

/** What the sequencer of a stopped host has on disk. */
function storedBytes({ dataDirectory }: ManyHost): number | undefined {
  if (dataDirectory === undefined) return undefined
  const database = new DatabaseSync(objectFile(dataDirectory, 'SequencerObject', 'sequencer'))
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const { size } = database
    .prepare('SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size')
    .get() as { size: number }
  database.close()
  return size
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
