import type { ForwardingTokenInput } from '../../contracts/account/keys.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { AccountStatus } from '../../storage/account/profile.ts'

/** How long a token is given out again, in ms: half of the minute that it is good for, so that the other half is left. */
const REUSE = 30_000

/** An app asks for a handful of methods again and again; what is more than this is made anew. */
const MAX_TOKENS = 32

/** What a token was made with. Where any of it has changed, it is not given out again. */
export interface Made {
  key: SigningKey
  status: AccountStatus
  /** How often the account was signed out everywhere. */
  signOuts: number
}

/** Tokens of one account for services that take one again, in memory only. */
export class ReusableTokens {
  readonly #tokens = new Map<string, Made & { token: string; until: number }>()

  /** The token that was made for the same session, service and method; undefined: there is none that may be used. */
  find(input: ForwardingTokenInput, { key, status, signOuts }: Made): string | undefined {
    const name = nameOf(input)
    const known = this.#tokens.get(name)
    if (!known) return undefined
    const isGood =
      Date.now() < known.until &&
      known.key === key &&
      known.status === status &&
      known.signOuts === signOuts
    if (isGood) return known.token
    this.#tokens.delete(name)
    return undefined
  }

  add(input: ForwardingTokenInput, made: Made, token: string): void {
    const name = nameOf(input)
    this.#tokens.delete(name)
    const [oldest] = this.#tokens.keys()
    if (oldest !== undefined && this.#tokens.size >= MAX_TOKENS) this.#tokens.delete(oldest)
    this.#tokens.set(name, { ...made, token, until: Date.now() + REUSE })
  }
}

/** A session that ends takes its tokens along: nobody asks for them any more. */
const nameOf = ({ session, aud, lxm }: ForwardingTokenInput) => JSON.stringify([session, aud, lxm])
