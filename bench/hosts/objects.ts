/** The rows "coldStart" and "liveObjects": objects that are not in memory, and those that are. */
import type { Context } from '../context.ts'
import { percentiles } from '../load/drive.ts'
import { startHost, stopHost } from '../load/host.ts'
import type { Repo } from '../load/repo.ts'
import { wants } from '../options.ts'
import { progress } from '../progress.ts'
import { AIMS } from '../report/targets.ts'
import { memory } from '../servers/process.ts'
import { cloneHost, type StoppedHost } from './clone.ts'

/** Accounts that are asked for the first time, for each kind of request. */
const SAMPLE = 200
const ACCOUNTS = 1000

type Request = (repo: Repo) => Promise<unknown>

const REQUESTS: Record<string, Request> = {
  getRecord: (repo) => repo.getRecord(),
  createRecord: (repo) => repo.createRecord(),
}

/** Both on one host of a thousand accounts, which is started again for each. */
export async function measureObjects(context: Context, template: StoppedHost): Promise<void> {
  const { options, report, cleanup } = context
  const { server, posts } = cloneHost(template, ACCOUNTS, cleanup)
  if (wants(options, 'coldStart')) {
    progress('coldStart')
    const running = await startHost(server, cleanup, posts)
    const head = ['', 'first p50', 'p99', 'second p50', 'p99']
    const addLine = report.table('First and second request to an object after a start (ms)', head)
    const part = (at: number) => running.repos.slice(at * SAMPLE, (at + 1) * SAMPLE)
    // Accounts of the first part warm up code that all objects share.
    for (const request of Object.values(REQUESTS)) await latencies(part(0), request)
    for (const [at, [name, request]] of Object.entries(REQUESTS).entries()) {
      const first = percentiles(await latencies(part(at + 1), request))
      const second = percentiles(await latencies(part(at + 1), request))
      addLine([name, first.p50, first.p99, second.p50, second.p99])
      if (name !== 'getRecord') continue
      const what = 'cold object: first getRecord to the second'
      report.check(what, '≤', AIMS.coldStart, first.p50 / second.p50, '×')
    }
    await stopHost(running)
  }
  if (!wants(options, 'liveObjects')) return
  progress('liveObjects')
  const running = await startHost(server, cleanup, posts)
  const { pid = 0 } = running.running
  const megabytes = [memory(pid)]
  for (const request of Object.values(REQUESTS)) {
    await latencies(running.repos, request)
    megabytes.push(memory(pid))
  }
  await stopHost(running)
  const title = `Resident memory of workerd with ${ACCOUNTS} objects in memory (MB)`
  report.table(title, ['started', 'each has read', 'each has written'])(megabytes.map(Math.round))
}

/** One request to each account. @returns milliseconds */
async function latencies(repos: Repo[], request: Request): Promise<number[]> {
  const times: number[] = []
  for (const repo of repos) {
    const before = performance.now()
    await request(repo)
    times.push(performance.now() - before)
  }
  return times
}
