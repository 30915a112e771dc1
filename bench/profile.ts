/** `--profile <row>`: a V8 CPU profile of Cumulus while it serves one row. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Cleanup } from './cleanup.ts'
import { drive } from './load/drive.ts'
import { createAccounts, fill, openRepo, untilAnswering } from './load/repo.ts'
import { figures } from './load/stats.ts'
import { covers, type Options, UsageError } from './options.ts'
import { clear, say } from './progress.ts'
import { type CpuProfile, hottest } from './report/hottest.ts'
import { rows } from './rows/all.ts'
import { Cumulus } from './servers/cumulus.ts'
import { freePort } from './servers/process.ts'
import { Inspector } from './stages/inspector.ts'

/** Not in git. */
const FOLDER = join(import.meta.dirname, '.cache')
/** Microseconds between two samples. */
const INTERVAL = 100

/** Prints where the time goes and writes `<row>.cpuprofile`, which DevTools and editors open. */
export async function profile(options: Options, cleanup: Cleanup): Promise<void> {
  const name = options.profile ?? ''
  const row = rows.find((one) => one.name === name) ?? rows.find((one) => covers(name, one.name))
  if (!row) throw new UsageError(`"${name}" cannot be profiled`)
  const [size = 1000] = options.sizes
  const inspectorPort = await freePort()
  const host = new Cumulus({ dataDirectory: cleanup.folder(), inspectorPort })
  const running = await host.start()
  cleanup.add(() => running.stop())
  await untilAnswering(running.origin)
  const account = (await createAccounts(host, running, [size])).get(size)
  if (!account) throw new Error('no account')
  const repo = openRepo(running, account)
  await fill(repo, size)
  const workload = row.workload(repo)
  say(`${row.name}: warming up`)
  await drive(workload, row.connections, 1)
  // What is not timed is not profiled: the profiler runs between a slice's preparation and its end.
  const inspector = await Inspector.connect(inspectorPort)
  await inspector.send('Profiler.enable')
  await inspector.send('Profiler.setSamplingInterval', { interval: INTERVAL })
  let recorded: CpuProfile | undefined
  say(`${row.name}: profiling for ${options.seconds} s`)
  const samples = await drive(
    {
      next: () => workload.next(),
      async before() {
        await workload.before?.()
        await inspector.send('Profiler.start')
      },
      async after() {
        recorded = (await inspector.send<{ profile: CpuProfile }>('Profiler.stop')).profile
        await workload.after?.()
      },
    },
    row.connections,
    options.seconds,
  )
  inspector.close()
  await repo.client.close()
  if (!recorded) throw new Error('no profile')
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${row.name}.cpuprofile`)
  writeFileSync(path, JSON.stringify(recorded))
  clear()
  const { rate, p50, requests } = figures([samples])
  process.stdout.write(
    `${row.name}, ${size} records, with the profiler: ${rate.toFixed(1)} ${row.unit}, p50 ${p50.toFixed(2)} ms\n\n` +
      `${hottest(recorded, requests)}\nThe whole profile: ${relative(process.cwd(), path)}\n`,
  )
}
