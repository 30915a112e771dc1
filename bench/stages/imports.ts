/** All imports of a run: each server in a fresh process, sizes ascending. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from '../cleanup.ts'
import { untilAnswering } from '../load/repo.ts'
import type { ImportResult } from '../report/result.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { freePort } from '../servers/process.ts'
import type { Account, Host, Running, ServerName } from '../servers/server.ts'
import type { Car } from './export-car.ts'
import { type Imported, importRepo } from './import.ts'

export interface Imports {
  folder: string
  /** Cumulus's data with accounts that are empty. */
  empty: string
  /** Those accounts. */
  accounts: Map<number, Account>
  cars: Record<ServerName, Map<number, Car>>
  reference: Host | undefined
  cleanup: Cleanup
}

export async function runImports(imports: Imports): Promise<ImportResult[]> {
  const { cars, reference } = imports
  const results = new Map<number, ImportResult>()
  const note = (size: number, server: ServerName, imported: Imported) => {
    const result = results.get(size) ?? { size, servers: {} }
    result.servers[server] = imported
    results.set(size, result)
  }
  for (const [size, imported] of await importOurs(imports, cars.cumulus)) {
    note(size, 'cumulus', imported)
  }
  if (!reference) return [...results.values()]
  const running = await up(reference, imports.cleanup)
  for (const [size, car] of cars.reference) {
    // The reference does not look whose repository it is.
    const account = await reference.createAccount(running, `import${size}.test`)
    note(size, 'reference', await importRepo(running, account, car))
  }
  await running.stop()
  return [...results.values()]
}

/** Once for time and the process's memory, once more to look into V8. */
async function importOurs(
  { folder, empty, accounts, cleanup }: Imports,
  cars: Map<number, Car>,
): Promise<Map<number, Imported>> {
  const results = new Map<number, Imported>()
  for (const inspectorPort of [undefined, await freePort()]) {
    const dataDirectory = join(folder, inspectorPort ? 'import-inspected' : 'import')
    cpSync(empty, dataDirectory, { recursive: true })
    const running = await up(new Cumulus({ dataDirectory, inspectorPort }), cleanup)
    for (const [size, car] of cars) {
      const account = accounts.get(size)
      if (!account) continue
      const imported = await importRepo(running, account, car, inspectorPort)
      const timed = results.get(size)
      if (!timed) results.set(size, imported)
      else if ('rate' in timed && 'rate' in imported) timed.isolatePeak = imported.isolatePeak
    }
    await running.stop()
    if (![...results.values()].some((imported) => 'rate' in imported)) break
  }
  return results
}

async function up(host: Host, cleanup: Cleanup): Promise<Running> {
  const running = await host.start()
  cleanup.add(() => running.stop())
  await untilAnswering(running.origin)
  return running
}
