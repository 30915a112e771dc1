import { createServiceJwt } from '@atproto/xrpc-server'
import type {
  ForwardingToken,
  ForwardingTokenInput,
  ServiceTokenInput,
  ServiceTokensRpc,
} from '../../contracts/account/keys.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { firstRevOf } from '../../storage/account/recent.ts'
import type { Repo } from '../../storage/account/repo.ts'
import type { AccountCore } from './core.ts'
import type { Keys } from './keys.ts'
import { assertMayPublish } from './publishing.ts'
import { ReusableTokens } from './reusable-tokens.ts'
import type { Sessions } from './sessions.ts'

/** Tokens for other services, signed with the key of one account. */
export class ServiceTokens implements ServiceTokensRpc {
  readonly #core: AccountCore
  readonly #keys: Keys
  readonly #sessions: Pick<Sessions, 'assertAuthorized'>
  readonly #repo: Repo
  readonly #reusable = new ReusableTokens()

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
    return this.#sign(input, await this.#authorize(input))
  }

  async forForwarding(input: ForwardingTokenInput): Promise<ForwardingToken> {
    const keypair = await this.#authorize(input)
    const { profile, signOuts } = this.#core
    const { status, createdAt } = profile.get()
    const revs = { rev: this.#repo.head().rev, firstRev: firstRevOf(createdAt) }
    if (!input.reuse) return { token: await this.#sign(input, keypair), isReused: false, ...revs }
    // Whether the session may have one was looked at just now; with these, one that was made before is not given again.
    const made = { key: keypair, status, signOuts: signOuts.count() }
    const known = this.#reusable.find(input, made)
    if (known !== undefined) return { token: known, isReused: true, ...revs }
    const token = await this.#sign(input, keypair)
    this.#reusable.add(input, made, token)
    return { token, isReused: false, ...revs }
  }

  /** @returns what to sign with, in the turn in which all was checked */
  async #authorize(input: ServiceTokenInput): Promise<SigningKey> {
    const { session, evenTakendown = true, publishes = false } = input
    // One that is deleted has no key, and is to be refused for what it is.
    this.#core.profile.get()
    const keypair = await this.#keys.current()
    this.#sessions.assertAuthorized(session, evenTakendown)
    if (publishes) assertMayPublish(this.#core)
    return keypair
  }

  #sign({ aud, lxm, exp }: ServiceTokenInput, keypair: SigningKey): Promise<string> {
    const { did } = this.#core.profile.get()
    return createServiceJwt({ iss: did, aud, lxm, exp, keypair })
  }
}
