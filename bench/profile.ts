/** `--profile <row>`: a V8 CPU profile of Cumulus while it serves one row. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { join, relative } from 'node:path'
import { CommandError } from '../cli/terminal/errors.ts'
import { freePort } from '../test/support/server.ts'
import type { Cleanup } from './cleanup.ts'
import { drive, stats } from './load/drive.ts'
import { addAccount, startHost, stopHost } from './load/host.ts'
import { rows } from './load/rows.ts'
import { covers, type Options } from './options.ts'
import { progress } from './progress.ts'
import { hottest, locator } from './report/hottest.ts'
import { number } from './report/text.ts'
import { importAll, openSubject } from './repos/import.ts'
import { recordProfile } from './repos/inspector.ts'
import { Cumulus } from './servers/cumulus.ts'
import { startPlc } from './servers/server.ts'

/** Not in git. */
const FOLDER = join(import.meta.dirname, '.cache')
/** Seconds of load before the profile. */
const WARM_UP = 1

/** Prints where the time goes and writes `<row>.cpuprofile`, which DevTools and editors open. */
export async function profile(name: string, options: Options, cleanup: Cleanup): Promise<void> {
  const [size = 1000] = options.sizes
  const locate = locator()
  const { profile, requests, summary } =
    name === 'importRepo'
      ? await profileImport(size, cleanup)
      : await profileRow(name, options, cleanup)
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${name}.cpuprofile`)
  writeFileSync(path, JSON.stringify(profile))
  const lines = [
    `${name}, ${size} records, with the profiler: ${summary}\n`,
    hottest(profile, requests, locate),
    `The whole profile: ${relative(process.cwd(), path)}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function profileRow(name: string, options: Options, cleanup: Cleanup) {
  const row = rows.find((one) => covers(name, one.name))
  const inspectorPort = await freePort()
  const plcUrl = await startPlc(cleanup)
  const server = new Cumulus({ dataDirectory: cleanup.folder(), inspectorPort, plcUrl })
  const host = await startHost(server, cleanup)
  const repo = await addAccount(host, options.sizes[0])
  const workload = row?.workload(repo)
  if (!row || !workload) throw new CommandError(`"${name}" cannot be profiled`)
  progress(`${name}: warming up`)
  await drive({ workload }, row.connections, WARM_UP)
  progress(`${name}: profiling`)
  const seconds = options.pace.seconds * options.pace.least
  let stop: (() => Promise<Profiler.Profile>) | undefined
  let recorded: Profiler.Profile | undefined
  // What is not timed is not profiled either.
  const timed = {
    next: () => workload.next(),
    async before() {
      await workload.before?.()
      stop = await recordProfile(inspectorPort)
    },
    async after() {
      recorded = await stop?.()
      await workload.after?.()
    },
  }
  const { rate, p50, requests } = stats([
    await drive({ workload: timed }, row.connections, seconds),
  ])
  await stopHost(host)
  if (!recorded) throw new Error('there is no profile')
  const summary = `${number(rate.value)} ${row.unit}, p50 ${number(p50)} ms`
  return { profile: recorded, requests, summary }
}

async function profileImport(size: number, cleanup: Cleanup) {
  const server = new Cumulus({ dataDirectory: cleanup.folder() })
  const subject = await openSubject(server, 1, cleanup)
  for (const repo of subject.repos) {
    await repo.restore(size)
    subject.cars.push(await repo.client.bytes(repo.getRepo()))
  }
  await stopHost(subject)
  const [imported] = await importAll(subject, cleanup, recordProfile)
  if (!imported?.inspected) throw new Error('there is no profile')
  const { megabytes, seconds, inspected } = imported
  const summary = `${number(megabytes)} MB at ${number(megabytes / seconds)} MB/s`
  return { profile: inspected, requests: 1, summary }
}
