/** Accounts that write records one after the other, whatever happens to the server meanwhile. */
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
  readonly #origin: string
  /** Resolves when the server can be reached. */
  readonly #reachable: () => Promise<void>

  constructor(origin: string, account: MadeAccount, reachable: () => Promise<void>) {
    this.#origin = origin
    this.account = account
    this.#reachable = reachable
  }

  /** Writes until `done`. @throws when the server refuses a write */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      const response = await this.#post().catch(() => undefined)
      // The connection broke: the record may have been written or not.
      if (!response) await this.#reachable()
      else this.acknowledged.push(response)
    }
  }

  async #post(): Promise<Acknowledged> {
    const { did, accessJwt } = this.account
    const response = await fetch(`${this.#origin}/xrpc/com.atproto.repo.createRecord`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessJwt}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        repo: did,
        collection: 'app.bsky.feed.post',
        record: { text: crypto.randomUUID(), createdAt: new Date().toISOString() },
      }),
    })
    const body = (await response.json()) as { uri: string; cid: string; commit: { rev: string } }
    return { uri: body.uri, cid: body.cid, rev: body.commit.rev }
  }
}
