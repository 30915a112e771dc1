/** What operators do with accounts that takes more than one step. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { HostedAccount } from '../storage/directory/accounts.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { HostObjects } from './objects/stubs.ts'
import type { RelayStatuses } from './relays.ts'

export interface OperatorDependencies {
  readonly objects: Pick<HostObjects, 'account' | 'directory' | 'oauth'>
  readonly accounts: Accounts
  readonly relays: Pick<RelayStatuses, 'of'>
  /** URLs of relays. */
  readonly crawlers: readonly string[]
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

  /** The newest number of an event that a relay has seen of this host; 0: none says so. */
  async seenByRelays(): Promise<number> {
    const { crawlers, relays } = this.#dependencies
    const statuses = await Promise.all(crawlers.map((url) => relays.of(url)))
    return Math.max(0, ...statuses.map((answer) => (answer.kind === 'known' && answer.seq) || 0))
  }

  /**
   * Opens an account that was restored.
   *
   * @param options.claim the names that it gets on a host that lives
   * @returns why it is deactivated: its identity does not say that it is here
   * @throws XRPCError `HandleNotAvailable`, `InvalidRequest` where others have its names
   */
  async openRestored(
    did: string,
    announce: boolean,
    { claim }: { claim?: Omit<HostedAccount, 'did'> } = {},
  ): Promise<string | undefined> {
    const { objects, accounts } = this.#dependencies
    const account = objects.account(did)
    if (!claim) {
      await account.restore.open()
      await objects.account(did).restore.finish({ announce, remember: true })
      return undefined
    }
    const { directory } = objects
    if (!(await directory.accounts.find('did', did))) {
      const names = { did, ...claim }
      await directory.accounts.reserve(names, undefined, { byOperator: true, didProven: true })
      await objects.directory.accounts.confirm(names)
    }
    // Its identity may name a rotation key that was replaced in all others; its keys were encrypted on their way in.
    if (did.startsWith('did:plc:')) await directory.secrets.again(['plc'])
    // Whoever was signed in was so to what is gone.
    await objects.oauth.accounts.remove(did, { devices: true })
    await account.restore.open()
    accounts.invalidate(did)
    const elsewhere = await accounts.identityProblem(did)
    await objects.account(did).restore.finish({ announce, deactivate: elsewhere !== undefined })
    return elsewhere
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
