/** importRepo: a CAR into an empty account, in a process that has done nothing else. */
import { cpSync } from 'node:fs'
import { freePort } from '../../test/support/server.ts'
import type { Cleanup } from '../cleanup.ts'
import type { Context } from '../context.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { Repo } from '../load/repo.ts'
import { figure, ratio } from '../load/spread.ts'
import { progress } from '../progress.ts'
import { AIMS, ROW_AIMS } from '../report/targets.ts'
import { percent } from '../report/text.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { memory, peakMemory, resetPeakMemory } from '../servers/process.ts'
import type { Server } from '../servers/server.ts'
import { watchHeap } from './inspector.ts'

/** A server under test, with a repository for each size. */
export interface Subject extends Host {
  /** Exports of the repositories. */
  cars: Buffer[]
  /** Of Cumulus: a copy of its data from when the repositories were empty. */
  empty?: string
}

interface Imported<T> {
  size: number
  megabytes: number
  seconds: number
  /** MB of the process before, and at its highest while it imported. */
  memoryBefore: number
  memoryPeak: number
  /** What came of looking into V8. */
  inspected?: T
}

/** Starts a server and makes so many accounts, whose repositories are empty. */
export async function openSubject(
  server: Server,
  count: number,
  cleanup: Cleanup,
): Promise<Subject> {
  const host = await startHost(server, cleanup)
  for (let made = 0; made < count; made += 1) await addAccount(host)
  if (!(server instanceof Cumulus)) return { ...host, cars: [] }
  // An import must be of the account's own repository: of the same DID, signed with the same key.
  await stopHost(host)
  const empty = cleanup.folder()
  cpSync(server.options.dataDirectory, empty, { recursive: true })
  return { ...(await startHost(server, cleanup, host.repos)), cars: [], empty }
}

const ROUNDS = { full: 3, quick: 1 }

/** All imports of a run, sizes ascending, the servers in turns. They must not be running. */
export async function measureImports({ options, report, cleanup }: Context, all: Subject[]) {
  const addLine = report.table(
    'importRepo into an empty account of a fresh process (memory in MB)',
    ['records', '', 'MB', 'seconds', 'MB/s', '±', 'process before', 'peak', 'V8 peak'],
  )
  // An import takes an empty account, and one that there is already is none.
  const subjects = all.filter(({ server }) => server.kind !== 'foreign')
  const rounds = subjects.map(() => [] as Imported<never>[][])
  for (let round = 0; round < ROUNDS[options.quick ? 'quick' : 'full']; round += 1) {
    for (const [at, subject] of subjects.entries()) {
      rounds[at]?.push(await importAll(subject, cleanup))
    }
  }
  const ratesOf = (at: number, size: number) =>
    (rounds[at] ?? []).flatMap((imports) =>
      imports.flatMap((one) => (one.size === size ? [one.megabytes / one.seconds] : [])),
    )
  for (const [at, subject] of subjects.entries()) {
    const { server } = subject
    // Once more to look into V8, which takes time.
    const watched = subject.empty ? await importAll(subject, cleanup, watchHeap) : []
    const imported = rounds[at]?.at(-1) ?? []
    for (const [index, { size, megabytes, memoryBefore, memoryPeak }] of imported.entries()) {
      const heapPeak = watched[index]?.inspected
      const memory = [memoryBefore, memoryPeak, heapPeak].map((mb) => mb && Math.round(mb))
      const records = size.toLocaleString('en')
      const rate = figure(ratesOf(at, size))
      const speed = [megabytes / rate.value, rate.value, percent(rate.spread)]
      addLine([records, server.name, megabytes, ...speed, ...memory])
      const what = `importRepo, ${records} records`
      if (at > 0) {
        report.compare(
          what,
          server,
          ratio(ratesOf(0, size), ratesOf(at, size)),
          ROW_AIMS.importRepo,
        )
      } else if (index === imported.length - 1) {
        report.check(what, '≥', AIMS.importRate, rate.value, 'MB/s')
        report.check(`${what}, V8`, '≤', AIMS.isolateMemory, heapPeak, 'MB')
      }
    }
  }
}

/**
 * Imports the subject's exports into a copy of its data, or into new accounts of the reference.
 *
 * @param inspect - looks into V8 during each import: called with the inspector's port, returns what
 * ends it
 */
export async function importAll<T>(
  { server, repos, cars, empty }: Subject,
  cleanup: Cleanup,
  inspect?: (port: number) => Promise<() => Promise<T>>,
): Promise<Imported<T>[]> {
  let target = server
  const inspectorPort = inspect && (await freePort())
  if (server instanceof Cumulus && empty !== undefined) {
    const dataDirectory = cleanup.folder()
    cpSync(empty, dataDirectory, { recursive: true })
    target = server.with({ dataDirectory, inspectorPort })
  }
  const host = await startHost(target, cleanup)
  const { pid = 0 } = host.running
  const results: Imported<T>[] = []
  for (const [at, exported] of repos.entries()) {
    const car = cars[at]
    if (!car) continue
    const size = exported.keys.length
    progress(`importRepo: ${server.name}, ${size} records`)
    // The reference does not look whose repository it is.
    const { account } = empty ? exported : await addAccount(host)
    const repo = new Repo(host.running, host.client, account, exported.keys)
    const stop = inspectorPort && (await inspect?.(inspectorPort))
    resetPeakMemory(pid)
    const memoryBefore = memory(pid)
    const start = performance.now()
    await repo.upload('importRepo', 'application/vnd.ipld.car', car)
    const seconds = (performance.now() - start) / 1000
    const megabytes = car.byteLength / 1e6
    const measured = { size, megabytes, seconds, memoryBefore, memoryPeak: peakMemory(pid) }
    results.push(stop ? { ...measured, inspected: await stop() } : measured)
    // Whether it has arrived.
    await repo.getRecord()
  }
  await stopHost(host)
  return results
}
