import type { AccessRpc } from '../../contracts/account/sign-in.ts'
import type { Passkeys } from '../../storage/account/passkeys.ts'
import type { AccountCore } from './core.ts'
import type { Factors } from './factors.ts'
import type { SignOut } from './passwords.ts'

/** What an operator ends, for whoever has lost what they sign in with, or for whoever should not be in. */
export class Access implements AccessRpc {
  readonly #core: AccountCore
  readonly #factors: Pick<Factors, 'disableTotp' | 'setEmailFactor'>
  readonly #passkeys: Pick<Passkeys, 'removeAll'>
  readonly #signOut: Pick<SignOut, 'here' | 'oauth'>

  constructor(
    core: AccountCore,
    factors: Pick<Factors, 'disableTotp' | 'setEmailFactor'>,
    passkeys: Pick<Passkeys, 'removeAll'>,
    signOut: Pick<SignOut, 'here' | 'oauth'>,
  ) {
    this.#core = core
    this.#factors = factors
    this.#passkeys = passkeys
    this.#signOut = signOut
  }

  async endSessions(): Promise<void> {
    const { profile, storage } = this.#core
    profile.get()
    storage.transactionSync(() => this.#signOut.here())
    await this.#signOut.oauth()
  }

  async resetFactors(): Promise<void> {
    const { profile, storage } = this.#core
    profile.get()
    storage.transactionSync(() => {
      // With both goes what they go with: the recovery codes.
      this.#factors.disableTotp()
      this.#factors.setEmailFactor(false)
      this.#passkeys.removeAll()
      this.#core.factsChanged()
      this.#signOut.here()
    })
    await this.#signOut.oauth()
  }
}
