/** A running server with accounts, and the client that drives it. */
import type { Cleanup } from '../cleanup.ts'
import { accountCall, type Running, type Server } from '../servers/server.ts'
import { Xrpc } from './client.ts'
import { type Posts, Repo } from './repo.ts'

export interface Host {
  server: Server
  running: Running
  /** Up to 16 connections, which all accounts share. */
  client: Xrpc
  repos: Repo[]
}

/** Starts a server, which is stopped by `cleanup`; it may have accounts from before. */
export async function startHost(
  server: Server,
  cleanup: Cleanup,
  posts: Posts[] = [],
): Promise<Host> {
  const running = await server.start()
  cleanup.add(() => running.stop())
  const client = new Xrpc(running.origin, 16)
  const repos = posts.map(({ account, keys }) => new Repo(running, client, account, keys))
  return { server, running, client, repos }
}

let made = 0

/** Lets the server make one more account, with so many posts. */
export async function addAccount(
  { running, client, repos }: Host,
  posts = 0,
  handle = `bench${++made}.test`,
): Promise<Repo> {
  // Where there are, a did:web, which takes no time of the PLC directory.
  const call = accountCall(running.name, handle, running.name === 'reference' ? 'plc' : 'web')
  const { did, accessJwt } = await client.call<{ did: string; accessJwt: string }>(call)
  const repo = new Repo(running, client, { did, handle, token: accessJwt }, [])
  await repo.restore(posts)
  repos.push(repo)
  return repo
}

export async function stopHost({ running, client }: Host): Promise<void> {
  await client.close()
  await running.stop()
}
