/** What operators do with accounts, by methods and by the console: each in one place. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Accounts } from './accounts/accounts.ts'
import type { MailService } from './mail/mail.ts'
import type { HostObjects } from './objects/stubs.ts'

export interface OperatorDependencies {
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  readonly accounts: Accounts
  readonly mail: Pick<MailService, 'tell'>
}

export class OperatorActions {
  readonly #dependencies: OperatorDependencies

  constructor(dependencies: OperatorDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Takes an account down, or gives it back. Its owner is told of what changes: moderation services repeat themselves.
   *
   * @param ref of the case, or the reason; null: the account is given back
   */
  async setTakedown(did: string, ref: string | null): Promise<void> {
    const { objects, mail } = this.#dependencies
    const { profile, lifecycle } = objects.account(did)
    const { status } = await profile.get()
    await lifecycle.setTakedown(ref)
    if ((ref !== null) === (status === 'takendown')) return
    mail.tell(did, { kind: ref === null ? 'account restored' : 'account taken down' })
  }

  async deactivate(did: string): Promise<void> {
    await this.#dependencies.objects.account(did).lifecycle.deactivate(null)
  }

  /** @throws InvalidRequestError when the identity does not say that the account is here */
  async activate(did: string): Promise<void> {
    const { objects, accounts } = this.#dependencies
    await accounts.assertIdentity(did)
    await objects.account(did).lifecycle.activate()
  }

  /** Gives an account a fresh signing key. @throws as `Accounts.changeSigningKey` */
  async rotateKey(did: string): Promise<void> {
    const { objects, accounts } = this.#dependencies
    // For one whose DID document is elsewhere, the key is the same until it was put there.
    const key = await accounts.reserveSigningKey(did)
    const reserved = await objects.directory.keys.find('signingKey', key)
    if (!reserved) throw new InvalidRequestError('The new key is gone already: try again')
    await accounts.changeSigningKey(did, reserved)
  }
}
