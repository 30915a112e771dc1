/** All imports of a run: each server in a fresh process, sizes ascending. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from '../cleanup.ts'
import type { ImportResult } from '../report/result.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { freePort } from '../servers/process.ts'
import { start } from '../servers/server.ts'
import { type Imported, importRepo } from './import.ts'
import type { Side } from './side.ts'

export interface Imports {
  folder: string
  /** Cumulus's data when its accounts were empty. */
  empty: string
  ours: Side
  theirs: Side | undefined
  cleanup: Cleanup
}

export async function runImports(imports: Imports): Promise<ImportResult[]> {
  const cumulus = await importOurs(imports)
  const reference = imports.theirs
    ? await importTheirs(imports.theirs, imports.cleanup)
    : new Map<number, Imported>()
  return [...cumulus.keys()].map((size) => ({
    size,
    servers: { cumulus: cumulus.get(size), reference: reference.get(size) },
  }))
}

/** Once for time and the process's memory, once more to look into V8. */
async function importOurs(imports: Imports): Promise<Map<number, Imported>> {
  const results = await importInto(imports, undefined)
  if (![...results.values()].some((imported) => 'rate' in imported)) return results
  const watched = await importInto(imports, await freePort())
  for (const [size, imported] of results) {
    const seen = watched.get(size)
    if (!('rate' in imported) || !seen || !('rate' in seen)) continue
    imported.isolatePeak = seen.isolatePeak
  }
  return results
}

async function importInto(
  { folder, empty, ours, cleanup }: Imports,
  inspectorPort: number | undefined,
): Promise<Map<number, Imported>> {
  const dataDirectory = join(folder, inspectorPort === undefined ? 'import' : 'import-inspected')
  cpSync(empty, dataDirectory, { recursive: true })
  const running = await start(new Cumulus({ dataDirectory, inspectorPort }), cleanup)
  const results = new Map<number, Imported>()
  for (const [size, car] of ours.cars) {
    const account = ours.accounts.get(size)
    if (account) results.set(size, await importRepo(running, account, car, inspectorPort))
  }
  await running.stop()
  return results
}

/** The reference does not look whose repository it is: new accounts will do. */
async function importTheirs(
  { host, cars }: Side,
  cleanup: Cleanup,
): Promise<Map<number, Imported>> {
  const running = await start(host, cleanup)
  const results = new Map<number, Imported>()
  for (const [size, car] of cars) {
    const account = await host.createAccount(running, `import${size}.test`)
    results.set(size, await importRepo(running, account, car))
  }
  await running.stop()
  return results
}
