/** A running server with accounts, and the client that drives it. */
import type { Cleanup } from '../cleanup.ts'
import { accountCall, type Running, type Server } from '../servers/server.ts'
import { type Call, Xrpc } from './client.ts'
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

/**
 * Lets the server make one more account, with so many posts; of a server that has one account only, that one.
 *
 * @param name the handle, without its domain
 */
export async function addAccount(
  { server, running, client, repos }: Host,
  posts = 0,
  name = `bench${++made}`,
): Promise<Repo> {
  let repo = server.owner && repos[0]
  if (!repo) {
    // Where there are, a did:web, which takes no time of the PLC directory.
    const call = server.owner
      ? sessionCall(server.owner)
      : accountCall(signUpOf(server), name, server.signUp?.did[0] ?? 'plc')
    const { did, handle, accessJwt } = await client.call<Session>(call)
    repo = new Repo(running, client, { did, handle, token: accessJwt }, [])
  }
  await repo.restore(posts)
  repos.push(repo)
  return repo
}

interface Session {
  did: string
  handle: string
  accessJwt: string
}

const sessionCall = ({ handle, password }: { handle: string; password: string }): Call => ({
  method: 'com.atproto.server.createSession',
  input: { identifier: handle, password },
})

function signUpOf({ name, signUp }: Server) {
  if (signUp) return signUp
  throw new Error(`${name} makes no accounts`)
}

export async function stopHost({ running, client }: Host): Promise<void> {
  await client.close()
  await running.stop()
}
