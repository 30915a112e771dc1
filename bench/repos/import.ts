/** importRepo: a CAR into an empty account, in a process that has done nothing else. */
import { cpSync } from 'node:fs'
import type { Cleanup } from '../cleanup.ts'
import type { Context } from '../context.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { Repo } from '../load/repo.ts'
import { progress } from '../progress.ts'
import { TARGETS } from '../report/targets.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { freePort, memory, peakMemory, resetPeakMemory } from '../servers/process.ts'
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

/** All imports of a run, sizes ascending. The servers must not be running. */
export async function measureImports({ report, cleanup }: Context, subjects: Subject[]) {
  const addLine = report.table(
    'importRepo into an empty account of a fresh process (memory in MB)',
    ['records', '', 'MB', 'seconds', 'MB/s', 'process before', 'peak', 'V8 peak'],
  )
  for (const subject of subjects) {
    const { name } = subject.server
    const imported = await importAll(subject, cleanup)
    // Once more to look into V8, which takes time.
    const watched = subject.empty ? await importAll(subject, cleanup, watchHeap) : []
    for (const [at, { size, megabytes, seconds, memoryBefore, memoryPeak }] of imported.entries()) {
      const heapPeak = watched[at]?.inspected
      const memory = [memoryBefore, memoryPeak, heapPeak].map((mb) => mb && Math.round(mb))
      const records = size.toLocaleString('en')
      addLine([records, name, megabytes, seconds, megabytes / seconds, ...memory])
      if (name !== 'cumulus' || at < imported.length - 1) continue
      const what = `importRepo, ${records} records`
      report.check(what, '≥', TARGETS.importRate, megabytes / seconds, 'MB/s')
      report.check(`${what}, V8`, '≤', TARGETS.isolateMemory, heapPeak, 'MB')
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
  const { pid } = host.running
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
