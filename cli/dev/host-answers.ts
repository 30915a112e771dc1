/** What the stand-ins of `cumulus dev` ask of the hosts: what everybody may ask. */
import { type DidDocument, signingKeyOf } from '../../src/services/identity/did-document.ts'

export interface Described {
  did: string
  handle: string
  /** Of the host that has it. */
  origin: string
  /** did:key of the account. */
  signingKey: string | undefined
}

export interface FoundRecord {
  uri: string
  cid: string
  value: Record<string, unknown>
}

/** One host, or several that are asked as one. */
export interface Answers {
  /** An account by DID or handle; undefined: there is none. */
  account(name: string): Promise<Described | undefined>
  /** Its handle or key may be others now, or its host. */
  forget(did: string): void
  /** The newest records of a collection, up to 100. */
  records(repo: string, collection: string): Promise<FoundRecord[]>
  record(repo: string, collection: string, rkey: string): Promise<FoundRecord | undefined>
}

/** ms */
const TIMEOUT = 10_000

export class HostAnswers implements Answers {
  readonly origin: string
  readonly #known = new Map<string, Promise<Described | undefined>>()
  /** Requests of its own, by path, that the log has still to tell of. */
  readonly #unlogged = new Map<string, number>()
  constructor(origin: string) {
    this.origin = origin
  }

  /** Whether an event of the log tells of a request that was made here; of each request once. */
  tookPart(event: string): boolean {
    const path = /"path":"([^"]*)"/.exec(event)?.[1] ?? ''
    const count = this.#unlogged.get(path) ?? 0
    if (count > 0) this.#unlogged.set(path, count - 1)
    return count > 0
  }

  /** Asks for a path, with its query; undefined: there is no good answer. */
  async ask(path: string): Promise<Response | undefined> {
    const plain = path.split('?')[0] ?? path
    this.#unlogged.set(plain, (this.#unlogged.get(plain) ?? 0) + 1)
    const signal = AbortSignal.timeout(TIMEOUT)
    const response = await fetch(`${this.origin}${path}`, { signal }).catch(() => undefined)
    if (!response?.ok) await response?.body?.cancel()
    return response?.ok ? response : undefined
  }

  /** Remembered by DID. */
  account(name: string): Promise<Described | undefined> {
    const known = this.#known.get(name)
    if (known) return known
    const asked = this.#describe(name)
    if (name.startsWith('did:')) this.#known.set(name, asked)
    return asked
  }

  forget(did: string): void {
    this.#known.delete(did)
  }

  /** DIDs of all accounts, up to 1,000. */
  async accounts(): Promise<string[]> {
    const answer = await this.#ask<{ repos: { did: string }[] }>('com.atproto.sync.listRepos', {
      limit: '1000',
    })
    return answer?.repos.map(({ did }) => did) ?? []
  }

  async records(repo: string, collection: string): Promise<FoundRecord[]> {
    const query = { repo, collection, limit: '100' }
    const answer = await this.#ask<{ records: FoundRecord[] }>(
      'com.atproto.repo.listRecords',
      query,
    )
    return answer?.records ?? []
  }

  record(repo: string, collection: string, rkey: string): Promise<FoundRecord | undefined> {
    return this.#ask('com.atproto.repo.getRecord', { repo, collection, rkey })
  }

  async #describe(repo: string): Promise<Described | undefined> {
    type Answer = { did: string; handle: string; didDoc: DidDocument }
    const answer = await this.#ask<Answer>('com.atproto.repo.describeRepo', { repo })
    if (!answer) return undefined
    const { did, handle, didDoc } = answer
    const signingKey = signingKeyOf(didDoc)
    return { did, handle, origin: this.origin, signingKey }
  }

  /** undefined: the host has no answer to that. */
  async #ask<T>(nsid: string, query: Record<string, string>): Promise<T | undefined> {
    const response = await this.ask(`/xrpc/${nsid}?${new URLSearchParams(query)}`)
    return response && ((await response.json()) as T)
  }
}

/** What one of several hosts answers. */
export class SeveralHosts implements Answers {
  readonly #hosts: readonly HostAnswers[]
  constructor(hosts: readonly HostAnswers[]) {
    this.#hosts = hosts
  }

  async account(name: string): Promise<Described | undefined> {
    const found = await Promise.all(this.#hosts.map((host) => host.account(name)))
    return found.find((account) => account !== undefined)
  }

  forget(did: string): void {
    for (const host of this.#hosts) host.forget(did)
  }

  async records(repo: string, collection: string): Promise<FoundRecord[]> {
    const found = await Promise.all(this.#hosts.map((host) => host.records(repo, collection)))
    return found.flat()
  }

  async record(repo: string, collection: string, rkey: string): Promise<FoundRecord | undefined> {
    const found = await Promise.all(this.#hosts.map((host) => host.record(repo, collection, rkey)))
    return found.find((record) => record !== undefined)
  }
}
