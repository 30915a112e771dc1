import type { EmailRpc } from '../../contracts/account/lifecycle.ts'
import type { AccountCore } from './core.ts'

/** The e-mail address of one account. That it is nobody else's, the directory sees to. */
export class Email implements EmailRpc {
  readonly #core: AccountCore

  constructor(core: AccountCore) {
    this.#core = core
  }

  set(email: string): void {
    const { profile } = this.#core
    profile.get()
    profile.update({ email, emailConfirmedAt: null, emailAuthFactor: 0 })
    this.#core.factsChanged()
  }

  confirm(email: string): boolean {
    const { profile } = this.#core
    if (profile.get().email !== email) return false
    profile.update({ emailConfirmedAt: new Date().toISOString() })
    this.#core.factsChanged()
    return true
  }
}
