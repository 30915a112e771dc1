/** A running host with many accounts, and the client that drives it. */
import type { Cleanup } from '../cleanup.ts'
import { Xrpc } from '../load/client.ts'
import { createBatch, openRepo } from '../load/repo.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { type Account, type Host, type Running, start } from '../servers/server.ts'
import { cloneHost } from './clone.ts'
import { POSTS, type Template } from './template.ts'

export interface Resident extends Account {
  /** Record keys of its posts. */
  keys: string[]
}

export interface ManyHost {
  running: Running
  client: Xrpc
  residents: Resident[]
  /** Of Cumulus. */
  dataDirectory?: string
}

/** Makes a host of Cumulus with copies of the template's account, and starts it. */
export async function openClones(
  template: Template,
  count: number,
  cleanup: Cleanup,
): Promise<ManyHost> {
  const dataDirectory = cleanup.folder()
  const residents = cloneHost(template, dataDirectory, count).map((account) => ({
    ...account,
    keys: template.keys,
  }))
  return startClones({ dataDirectory, residents }, cleanup)
}

/** Starts a host that was made before, so that none of its objects is in memory. */
export async function startClones(
  made: { dataDirectory: string; residents: Resident[]; devMode?: boolean },
  cleanup: Cleanup,
): Promise<ManyHost> {
  const { dataDirectory, residents, devMode } = made
  const running = await start(new Cumulus({ dataDirectory, devMode }), cleanup)
  return { running, client: new Xrpc(running.origin, 16), residents, dataDirectory }
}

/** Starts any server and lets it make the accounts itself, with as many posts. */
export async function openReal(host: Host, count: number, cleanup: Cleanup): Promise<ManyHost> {
  const running = await start(host, cleanup)
  const residents: Resident[] = []
  for (let at = 0; at < count; at += 1) {
    const account = await host.createAccount(running, `resident${at}.test`)
    const repo = openRepo(running, account)
    residents.push({ ...account, keys: await createBatch(repo, POSTS) })
    await repo.client.close()
  }
  return { running, client: new Xrpc(running.origin, 16), residents }
}

export async function closeHost({ running, client }: ManyHost): Promise<void> {
  await client.close()
  await running.stop()
}
