/** One writer and many consumers of the firehose. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cleanup.ts'
import { Consumers } from '../load/consumers.ts'
import { now } from '../load/now.ts'
import { creation, openRepo, type Repo } from '../load/repo.ts'
import { percentile } from '../load/stats.ts'
import { step } from '../progress.ts'
import { type Host, type Running, type ServerName, start } from '../servers/server.ts'
import { cpuTime } from '../stages/memory.ts'

/** Consumers at once. */
const CONSUMERS = [1, 10, 100]
/** Milliseconds from one write to the next, when they come at a fixed pace. */
const PACE = 20
/** Writes that do not count: code gets fast by being used, and at a slow pace that takes a while. */
const WARM_UP = 300

/** Times from sending createRecord until the last consumer has its frame, in ms. */
interface Latency {
  p50: number
  p99: number
}

export interface Fanout {
  server: ServerName
  consumers: number
  /** At 50 writes per second. */
  paced: Latency
  /** One write after the other. */
  flatOut: Latency & {
    /** Writes per second. */
    rate: number
    /** Messages, and MB, per second at all consumers together. */
    delivered: number
    mb: number
    /** Of the server, for one write and all that comes of it, in ms. */
    cpu: number
  }
}

export async function fanOut(hosts: Host[], seconds: number, cleanup: Cleanup): Promise<Fanout[]> {
  const running: Running[] = []
  for (const host of hosts) running.push(await start(host, cleanup))
  const results: Fanout[] = []
  for (const consumers of CONSUMERS) {
    for (const [at, server] of running.entries()) {
      step('fanout', `${server.name}, ${consumers} consumers`)
      const account = await hosts[at]?.createAccount(server, `writer${consumers}.test`)
      if (!account) continue
      const repo = openRepo(server, account)
      results.push(await withConsumers(repo, server.pid, consumers, seconds, cleanup))
      await repo.client.close()
    }
  }
  for (const server of running) await server.stop()
  return results
}

async function withConsumers(
  repo: Repo,
  pid: number,
  count: number,
  seconds: number,
  cleanup: Cleanup,
): Promise<Fanout> {
  const consumers = await Consumers.open(repo.origin, count, cleanup)
  for (let write = 0; write < WARM_UP; write += 1) await repo.client.drain(creation(repo))
  // Also what an account's making had to tell, which may come late.
  await consumers.untilSilent()
  await consumers.reset()
  const paced = await write(repo, { consumers, count }, seconds, PACE)
  await consumers.reset()
  const cpuBefore = cpuTime(pid)
  const flat = await write(repo, { consumers, count }, seconds, 0)
  const cpu = (cpuTime(pid) - cpuBefore) / flat.writes
  await consumers.close()
  const perSecond = (total: number) => total / flat.seconds
  return {
    server: repo.server,
    consumers: count,
    paced: { p50: paced.p50, p99: paced.p99 },
    flatOut: {
      p50: flat.p50,
      p99: flat.p99,
      rate: perSecond(flat.writes),
      delivered: perSecond(flat.messages),
      mb: perSecond(flat.bytes / 1e6),
      cpu,
    },
  }
}

/** Nobody else writes, so the n-th message is the n-th write: nothing has to be decoded. */
async function write(
  repo: Repo,
  { consumers, count }: { consumers: Consumers; count: number },
  seconds: number,
  pace: number,
) {
  const sent: number[] = []
  const begin = now()
  for (let due = begin; due < begin + seconds * 1000; due = pace ? due + pace : now()) {
    const early = due - now()
    if (early > 0) await sleep(early)
    sent.push(now())
    await repo.client.drain(creation(repo))
  }
  const { last, messages, bytes } = await consumers.withAll(sent.length)
  if (messages !== sent.length * count) {
    throw new Error(`${messages} messages came of ${sent.length} writes to ${count} consumers`)
  }
  const latencies = sent.map((time, at) => (last[at] ?? Number.NaN) - time).sort((a, b) => a - b)
  const end = last[sent.length - 1] ?? now()
  return {
    writes: sent.length,
    messages,
    bytes,
    seconds: (end - begin) / 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  }
}
