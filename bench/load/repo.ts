/** A repository on one of the servers, and what fills it. */
import { counter } from '../progress.ts'
import type { Account, Running, ServerName } from '../servers/server.ts'
import { type Call, Xrpc, XrpcFailure } from './client.ts'
import { post } from './post.ts'

export const COLLECTION = 'app.bsky.feed.post'
/** The most that one applyWrites takes. */
export const BATCH = 200

export interface Repo {
  server: ServerName
  origin: string
  account: Account
  client: Xrpc
  /** Record keys of the posts it was filled with. */
  keys: string[]
}

/** A connection of 16 lanes to one account of a running server. */
export function openRepo(running: Running, account: Account, keys: string[] = []): Repo {
  const client = new Xrpc(running.origin, 16)
  return { server: running.name, origin: running.origin, account, client, keys }
}

/** Brings a repository up to `size` posts, in batches of 200. */
export async function fill(repo: Repo, size: number): Promise<void> {
  const progress = counter(`filling ${repo.server} with ${size} records`, size)
  const batches = await supportsBatches(repo)
  while (repo.keys.length < size) {
    const count = Math.min(BATCH, size - repo.keys.length)
    repo.keys.push(...(batches ? await createBatch(repo, count) : await createEach(repo, count)))
    progress(repo.keys.length)
  }
}

/** @returns the record keys that the server gave */
export async function createBatch(repo: Repo, count: number): Promise<string[]> {
  const { body } = await repo.client.call<{ results: { uri: string }[] }>(creates(repo, count))
  return body.results.map(({ uri }) => rkey(uri))
}

export function creates(repo: Repo, count: number): Call {
  const writes = Array.from({ length: count }, () => ({
    $type: 'com.atproto.repo.applyWrites#create',
    collection: COLLECTION,
    value: post(),
  }))
  return applyWrites(repo, writes)
}

export async function deleteAll(repo: Repo, keys: string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const writes = keys.slice(at, at + BATCH).map((key) => ({
      $type: 'com.atproto.repo.applyWrites#delete',
      collection: COLLECTION,
      rkey: key,
    }))
    try {
      await repo.client.call(applyWrites(repo, writes))
    } catch (error) {
      if (!notServed(error)) throw error
      await Promise.all(writes.map(({ rkey }) => repo.client.call(deletion(repo, rkey))))
    }
  }
}

export const creation = ({ account: { did, token } }: Pick<Repo, 'account'>): Call => ({
  method: 'com.atproto.repo.createRecord',
  token,
  input: { repo: did, collection: COLLECTION, record: post() },
})

export const deletion = ({ account: { did, token } }: Repo, key: string): Call => ({
  method: 'com.atproto.repo.deleteRecord',
  token,
  input: { repo: did, collection: COLLECTION, rkey: key },
})

export const rkey = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)

/** Whether the server says that it has no such method. */
export const notServed = (error: unknown): boolean =>
  error instanceof XrpcFailure && error.status === 501

function applyWrites({ account: { did, token } }: Repo, writes: unknown[]): Call {
  return { method: 'com.atproto.repo.applyWrites', token, input: { repo: did, writes } }
}

async function supportsBatches(repo: Repo): Promise<boolean> {
  try {
    repo.keys.push(...(await createBatch(repo, 1)))
    return true
  } catch (error) {
    if (notServed(error)) return false
    throw error
  }
}

async function createEach(repo: Repo, count: number): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => repo.client.call<{ uri: string }>(creation(repo))),
  )
  return answers.map(({ body }) => rkey(body.uri))
}
