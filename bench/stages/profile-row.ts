/** A profile of Cumulus under the load of a row. */
import type { Cleanup } from '../cleanup.ts'
import { drive } from '../load/drive.ts'
import { fill, openRepo } from '../load/repo.ts'
import { figures } from '../load/stats.ts'
import { covers, UsageError } from '../options.ts'
import { say } from '../progress.ts'
import { number } from '../report/number.ts'
import { rows } from '../rows/all.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { startPlc } from '../servers/plc.ts'
import { freePort } from '../servers/process.ts'
import { start } from '../servers/server.ts'
import { type CpuProfile, Profiler, type Recording } from './profiler.ts'

/** Seconds of load before the profile. */
const WARM_UP = 1

export async function profileRow(
  name: string,
  size: number,
  seconds: number,
  cleanup: Cleanup,
): Promise<Recording> {
  const row = rows.find((one) => one.name === name) ?? rows.find((one) => covers(name, one.name))
  if (!row) throw new UsageError(`"${name}" cannot be profiled`)
  const inspectorPort = await freePort()
  const plcUrl = await startPlc(cleanup)
  const host = new Cumulus({ dataDirectory: cleanup.folder(), inspectorPort, plcUrl })
  const running = await start(host, cleanup)
  const repo = openRepo(running, await host.createAccount(running, 'bench.test'))
  await fill(repo, size)
  const workload = row.workload(repo)
  say(`${name}: warming up`)
  await drive(workload, row.connections, WARM_UP)

  const profiler = await Profiler.connect(inspectorPort)
  let recorded: CpuProfile | undefined
  say(`${name}: profiling`)
  // What is not timed is not profiled either.
  const samples = await drive(
    {
      next: () => workload.next(),
      async before() {
        await workload.before?.()
        await profiler.start()
      },
      async after() {
        recorded = await profiler.stop()
        await workload.after?.()
      },
    },
    row.connections,
    seconds,
  )
  profiler.close()
  await repo.client.close()
  if (!recorded) throw new Error('the profiler gave no profile')
  const { rate, p50, requests } = figures([samples])
  const summary = `${number(rate)} ${row.unit}, p50 ${number(p50)} ms`
  return { recorded, requests, summary }
}
