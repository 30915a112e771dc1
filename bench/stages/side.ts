/** One of the two servers of a run, with an account for each size. */
import type { Cleanup } from '../cleanup.ts'
import type { Repo } from '../load/repo.ts'
import { type Account, type Host, type Running, start } from '../servers/server.ts'
import type { Car } from './export-car.ts'

export interface Side {
  host: Host
  running: Running
  /** By size, as the rest. */
  accounts: Map<number, Account>
  repos: Map<number, Repo>
  cars: Map<number, Car>
}

export async function openSide(host: Host, sizes: number[], cleanup: Cleanup): Promise<Side> {
  const running = await start(host, cleanup)
  const accounts = new Map<number, Account>()
  for (const size of sizes) {
    accounts.set(size, await host.createAccount(running, `bench${size}.test`))
  }
  return { host, running, accounts, repos: new Map(), cars: new Map() }
}

export async function restart(side: Side, cleanup: Cleanup): Promise<void> {
  side.running = await start(side.host, cleanup)
}

export async function closeSide({ running, repos }: Side): Promise<void> {
  for (const repo of repos.values()) await repo.client.close()
  await running.stop()
}
