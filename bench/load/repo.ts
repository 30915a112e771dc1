/** A repository on one of the servers, and the requests that are made to it. */
import type { Account, Running } from '../servers/server.ts'
import type { Call, Xrpc } from './client.ts'

const COLLECTION = 'app.bsky.feed.post'
/** The most that one applyWrites takes. */
export const BATCH = 200

/** An account and the record keys of its posts. */
export interface Posts {
  readonly account: Account
  readonly keys: string[]
}

interface Created {
  uri: string
  commit: { rev: string }
}

export class Repo implements Posts {
  readonly running: Running
  readonly client: Xrpc
  readonly account: Account
  /** Record keys of the posts that it was filled with. */
  readonly keys: string[]
  /** Record keys of posts that were created beyond those. */
  readonly #added: string[] = []
  readonly #pick = sequence()

  constructor(running: Running, client: Xrpc, account: Account, keys: string[]) {
    this.running = running
    this.client = client
    this.account = account
    this.keys = keys
  }

  /** Brings it to `size` posts: deletes what was created since, and adds what is missing. */
  async restore(size: number): Promise<void> {
    while (this.#added.length > 0) {
      const batch = this.#added.splice(0, BATCH)
      await this.#applyWrites(
        'delete',
        batch.map((rkey) => ({ rkey })),
      )
    }
    while (this.keys.length < size) {
      await this.createBatch(Math.min(BATCH, size - this.keys.length))
      this.keys.push(...this.#added.splice(0))
    }
  }

  /** Creates posts in one commit. */
  async createBatch(count: number): Promise<void> {
    const posts = Array.from({ length: count }, () => ({ value: post() }))
    const results = await this.#applyWrites('create', posts)
    this.#added.push(...results.map(({ uri }) => rkey(uri)))
  }

  /** @returns the rev of its commit */
  async createRecord(): Promise<string> {
    const input = { collection: COLLECTION, record: post() }
    const { uri, commit } = await this.#write<Created>('createRecord', input)
    this.#added.push(rkey(uri))
    return commit.rev
  }

  /** Replaces a post from anywhere. */
  async putRecord(): Promise<void> {
    const rkey = this.#anyKey()
    await this.#write('putRecord', { collection: COLLECTION, rkey, record: post() })
  }

  /** Deletes a post from anywhere, unless only `least` are left. @returns whether it did */
  async deleteRecord(least: number): Promise<boolean> {
    if (this.keys.length <= least) return false
    const at = this.#pick(this.keys.length)
    const rkey = this.keys[at]
    this.keys[at] = this.keys.at(-1) ?? ''
    this.keys.pop()
    await this.#write('deleteRecord', { collection: COLLECTION, rkey })
    return true
  }

  /** Gets a post from anywhere. */
  async getRecord(): Promise<void> {
    const params = { repo: this.account.did, collection: COLLECTION, rkey: this.#anyKey() }
    await this.client.call({ method: 'com.atproto.repo.getRecord', params })
  }

  /** Does not parse the answer: at this rate the client would be measured too. */
  async listRecords(limit: number, cursor: string): Promise<void> {
    const params = { repo: this.account.did, collection: COLLECTION, limit, cursor }
    await this.client.drain({ method: 'com.atproto.repo.listRecords', params })
  }

  /** The request for the whole repository. */
  getRepo(): Call {
    return { method: 'com.atproto.sync.getRepo', params: { did: this.account.did } }
  }

  /** Uploads a blob or a CAR. */
  upload(method: 'uploadBlob' | 'importRepo', type: string, body: Buffer): Promise<unknown> {
    return this.#asOwner(method, { bytes: { type, body } })
  }

  /** The same keys on all servers. */
  #anyKey(): string {
    return this.keys[this.#pick(this.keys.length)] ?? ''
  }

  async #applyWrites(action: 'create' | 'delete', writes: object[]): Promise<{ uri: string }[]> {
    const $type = `com.atproto.repo.applyWrites#${action}`
    const { results } = await this.#write<{ results: { uri: string }[] }>('applyWrites', {
      writes: writes.map((write) => ({ $type, collection: COLLECTION, ...write })),
    })
    return results
  }

  #write<T>(method: string, input: object): Promise<T> {
    return this.#asOwner(method, { input: { repo: this.account.did, ...input } })
  }

  #asOwner<T>(method: string, call: Partial<Call>): Promise<T> {
    const authorization = `Bearer ${this.account.token}`
    return this.client.call({ method: `com.atproto.repo.${method}`, authorization, ...call })
  }
}

const rkey = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)

/** Numbers below `limit` from a fixed seed, so that all servers are asked for the same. */
export function sequence(seed = 1): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % limit
  }
}

const WORDS = [
  ...'sky cloud rain wind river stone light paper'.split(' '),
  ...'garden window morning harbour letter music bread winter'.split(' '),
]

let posts = 0

/** A post of about 250 bytes in DAG-CBOR, each different. */
function post(): Record<string, unknown> {
  posts += 1
  const word = (at: number) => WORDS[(posts * 7 + at * at * 3) % WORDS.length]
  return {
    $type: 'app.bsky.feed.post',
    text: `${posts}: ${Array.from({ length: 20 }, (_, at) => word(at)).join(' ')}`,
    langs: ['en'],
    createdAt: new Date().toISOString(),
  }
}
