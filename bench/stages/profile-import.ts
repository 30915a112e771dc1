/** A profile of Cumulus while it imports a repository. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from '../cleanup.ts'
import { fill, openRepo } from '../load/repo.ts'
import { number } from '../report/number.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { freePort } from '../servers/process.ts'
import { start } from '../servers/server.ts'
import { exportCar } from './export-car.ts'
import { importRepo } from './import.ts'
import { Profiler, type Recording } from './profiler.ts'

export async function profileImport(size: number, cleanup: Cleanup): Promise<Recording> {
  const folder = cleanup.folder()
  const [full, empty] = [join(folder, 'full'), join(folder, 'empty')]
  const host = new Cumulus({ dataDirectory: full })
  const first = await start(host, cleanup)
  const account = await host.createAccount(first, 'bench.test')
  await first.stop()
  cpSync(full, empty, { recursive: true })

  const second = await start(host, cleanup)
  const repo = openRepo(second, account)
  await fill(repo, size)
  const car = await exportCar(repo, join(folder, 'repo.car'))
  await repo.client.close()
  await second.stop()

  const inspectorPort = await freePort()
  const third = await start(new Cumulus({ dataDirectory: empty, inspectorPort }), cleanup)
  const profiler = await Profiler.connect(inspectorPort)
  await profiler.start()
  const imported = await importRepo(third, account, car)
  const recorded = await profiler.stop()
  profiler.close()
  if (!('rate' in imported)) throw new Error('importRepo failed')
  const summary = `${number(imported.mb)} MB at ${number(imported.rate)} MB/s`
  return { recorded, requests: 1, summary }
}
