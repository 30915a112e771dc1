import { createServiceJwt } from '@atproto/xrpc-server'
import type { ServiceTokenInput, ServiceTokensRpc } from '../../contracts/account/keys.ts'
import type { Repo } from '../../storage/account/repo.ts'
import type { AccountCore } from './core.ts'
import type { Keys } from './keys.ts'
import { assertMayPublish } from './publishing.ts'
import type { Sessions } from './sessions.ts'

/** Tokens for other services, signed with the key of one account. */
export class ServiceTokens implements ServiceTokensRpc {
  readonly #core: AccountCore
  readonly #keys: Keys
  readonly #sessions: Pick<Sessions, 'assertAuthorized'>
  readonly #repo: Repo

  constructor(
    core: AccountCore,
    keys: Keys,
    sessions: Pick<Sessions, 'assertAuthorized'>,
    repo: Repo,
  ) {
    this.#core = core
    this.#keys = keys
    this.#sessions = sessions
    this.#repo = repo
  }

  async sign(input: ServiceTokenInput): Promise<string> {
    const { aud, lxm, exp, session, evenTakendown = true, publishes = false } = input
    // One that is deleted has no key, and is to be refused for what it is.
    const { did } = this.#core.profile.get()
    const keypair = await this.#keys.current()
    this.#sessions.assertAuthorized(session, evenTakendown)
    if (publishes) assertMayPublish(this.#core)
    return createServiceJwt({ iss: did, aud, lxm, exp, keypair })
  }

  async signAtRev(input: ServiceTokenInput): Promise<{ token: string; rev: string }> {
    const token = await this.sign(input)
    return { token, rev: this.#repo.head().rev }
  }
}
