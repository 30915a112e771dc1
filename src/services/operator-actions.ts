/** What operators do with accounts that takes more than one step. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Accounts } from './accounts/accounts.ts'
import type { HostObjects } from './objects/stubs.ts'

export interface OperatorDependencies {
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  readonly accounts: Accounts
}

export class OperatorActions {
  readonly #dependencies: OperatorDependencies

  constructor(dependencies: OperatorDependencies) {
    this.#dependencies = dependencies
  }

  /** @param by the operator, for the moderation log */
  async deactivate(did: string, by: string): Promise<void> {
    await this.#dependencies.objects.account(did).lifecycle.deactivate(null, { by })
  }

  /**
   * @param by the operator, for the moderation log
   * @throws InvalidRequestError when the identity does not say that the account is here
   */
  async activate(did: string, by: string): Promise<void> {
    const { objects, accounts } = this.#dependencies
    await accounts.assertIdentity(did)
    await objects.account(did).lifecycle.activate({ by })
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
