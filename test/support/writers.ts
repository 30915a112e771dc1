/** Accounts that write records one after the other, whatever happens to the server meanwhile. */
import { AtpAgent, XRPCError } from '@atproto/api'
import { ResponseType } from '@atproto/xrpc'
import type { MadeAccount } from './accounts.ts'

export interface Acknowledged {
  uri: string
  cid: string
  rev: string
}

export class Writer {
  readonly account: MadeAccount
  /** What the server said was written, in order. */
  readonly acknowledged: Acknowledged[] = []
  readonly #agent: AtpAgent
  /** Resolves when the server can be reached. */
  readonly #reachable: () => Promise<void>

  constructor(origin: string, account: MadeAccount, reachable: () => Promise<void>) {
    this.#agent = new AtpAgent({ service: origin })
    this.account = account
    this.#reachable = reachable
  }

  /** Writes until `done`. @throws when the server refuses a write */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      const written = await this.#post().catch((error: unknown) => {
        if (error instanceof XRPCError && error.status !== ResponseType.Unknown) throw error
        return undefined
      })
      // The connection broke: the record may have been written or not.
      if (!written) await this.#reachable()
      else this.acknowledged.push(written)
    }
  }

  async #post(): Promise<Acknowledged> {
    const { did, accessJwt } = this.account
    const { data } = await this.#agent.com.atproto.repo.createRecord(
      {
        repo: did,
        collection: 'app.bsky.feed.post',
        record: { text: crypto.randomUUID(), createdAt: new Date().toISOString() },
      },
      { headers: { authorization: `Bearer ${accessJwt}` }, encoding: 'application/json' },
    )
    return { uri: data.uri, cid: data.cid, rev: data.commit?.rev ?? '' }
  }
}
