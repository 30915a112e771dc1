/** Objects of accounts that are not in memory, and those that are. */
import type { Cleanup } from '../cleanup.ts'
import type { Call } from '../load/client.ts'
import { percentile } from '../load/stats.ts'
import { step } from '../progress.ts'
import { memory } from '../stages/memory.ts'
import { closeHost, type ManyHost, openClones, type Resident, startClones } from './host.ts'
import { create, get } from './rows.ts'
import type { Template } from './template.ts'

/** Accounts that are asked for the first time, for each kind of request. */
const SAMPLE = 200
const ACCOUNTS = 1000

export interface ColdStart {
  kind: string
  /** First request to an object after the server's start, and the second; ms. */
  first: { p50: number; p99: number }
  second: { p50: number; p99: number }
}

/** Resident memory of the process with so many objects, in MB. */
export interface LiveObjects {
  objects: number
  started: number
  /** Each object has read a record. */
  read: number
  /** Each has written one too. */
  written: number
}

/** Both on one host of a thousand accounts. */
export async function measureObjects(
  template: Template,
  wanted: { cold: boolean; live: boolean },
  cleanup: Cleanup,
): Promise<{ coldStart?: ColdStart[]; liveObjects?: LiveObjects }> {
  let host = await openClones(template, ACCOUNTS, cleanup)
  const coldStart = wanted.cold ? await coldStarts(host) : undefined
  await closeHost(host)
  if (!wanted.live) return { coldStart }
  const { dataDirectory = '', residents } = host
  host = await startClones({ dataDirectory, residents }, cleanup)
  const liveObjects = await live(host)
  await closeHost(host)
  return { coldStart, liveObjects }
}

/** Accounts of the first third warm up code that all objects share. */
async function coldStarts(host: ManyHost): Promise<ColdStart[]> {
  step('coldStart', 'first requests')
  const { residents } = host
  const take = (part: number) => residents.slice(part * SAMPLE, (part + 1) * SAMPLE)
  for (const call of [get, create]) await times(host, take(0), call)
  const kinds = { getRecord: get, createRecord: create }
  const results: ColdStart[] = []
  for (const [at, [kind, call]] of Object.entries(kinds).entries()) {
    const sample = take(at + 1)
    const first = await times(host, sample, call)
    results.push({ kind, first, second: await times(host, sample, call) })
  }
  return results
}

async function times(
  { client }: ManyHost,
  residents: Resident[],
  call: (resident: Resident, at: number) => Call,
) {
  const latencies: number[] = []
  for (const [at, resident] of residents.entries()) {
    const before = performance.now()
    await client.drain(call(resident, at))
    latencies.push(performance.now() - before)
  }
  latencies.sort((a, b) => a - b)
  return { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }
}

async function live(host: ManyHost): Promise<LiveObjects> {
  step('liveObjects', `${host.residents.length} objects`)
  const { pid } = host.running
  const started = memory(pid)
  await times(host, host.residents, get)
  const read = memory(pid)
  await times(host, host.residents, create)
  return { objects: host.residents.length, started, read, written: memory(pid) }
}
