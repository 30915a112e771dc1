import type { OpenedSession } from '../../contracts/account/lifecycle.ts'
import type { Holder } from '../../contracts/answer.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import type { QuotaOverride } from '../../kernel/quota.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import type { Session } from '../../storage/account/sessions.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { HandleRule, RuledName } from '../../storage/directory/handle-rules.ts'
import type { ReservedKey } from '../../storage/directory/reserved-keys.ts'
import type { PlcOperation } from '../identity/plc-operation.ts'
import { addAppPassword } from './app-passwords.ts'
import { changeHandle } from './change-handle.ts'
import { changeSigningKey } from './change-signing-key.ts'
import { assertKeepsAccountHere } from './check-plc-operation.ts'
import { type AccountCreator, createAccount, type NewAccountRequest } from './create.ts'
import { createInvites, type InviteOrder } from './create-invites.ts'
import { deleteAccount } from './delete-account.ts'
import type { AccountDependencies } from './dependencies.ts'
import { checkHandle, type HandleRules, listHandleRules, setHandleRule } from './handle-rules.ts'
import { assertIdentity, identityProblem } from './identity-check.ts'
import { makeInviteCodes } from './invite-codes.ts'
import { tryPassword } from './passwords.ts'
import { setQuota } from './quota.ts'
import { addRecoveryKey } from './recovery-key.ts'
import { reserveKey } from './reserve-signing-key.ts'
import { revokeDelegations } from './revoke-delegations.ts'
import { issueTokens, type TokenPair } from './session-tokens.ts'
import { suggestHandles } from './suggest-handles.ts'

/** The accounts of this host: who they are, and what changes them. Each method is described where it is written. */
export class Accounts {
  readonly #dependencies: AccountDependencies

  constructor(dependencies: AccountDependencies) {
    this.#dependencies = dependencies
  }

  /** The account on this host with this handle or DID, or undefined. */
  find(handleOrDid: string): Promise<HostedAccount | undefined> {
    return this.#dependencies.lookup.find(handleOrDid)
  }

  /** The same, for methods that are about an account of this host. @throws XRPCError `RepoNotFound` */
  get(handleOrDid: string): Promise<HostedAccount> {
    return this.#dependencies.lookup.get(handleOrDid)
  }

  /** The account that somebody means who types a handle, with or without an @, a DID or an e-mail address. */
  findByIdentifier(input: string): Promise<HostedAccount | undefined> {
    return this.#dependencies.lookup.findByIdentifier(input)
  }

  /** See `tryPassword`. */
  tryPassword<T>(
    attempt: { identifier: string; password: string; apps?: boolean },
    ask: (did: string) => Promise<T | null>,
  ): Promise<{ did: string; result: T & {} } | undefined> {
    return tryPassword(this.#dependencies, attempt, ask)
  }

  /** After a change: what this isolate has cached of a handle or DID is out of date. */
  invalidate(handleOrDid: string): void {
    this.#dependencies.lookup.invalidate(handleOrDid)
    this.#dependencies.identity.invalidate(handleOrDid)
  }

  create(request: NewAccountRequest, creator: AccountCreator): Promise<OpenedSession> {
    return createAccount(this.#dependencies, request, creator)
  }

  /** The tokens of a session that was opened or refreshed. */
  issueTokens(did: string, { scope, id, family }: Session): Promise<TokenPair> {
    const { config } = this.#dependencies
    const issuer = { secrets: jwtSecrets(config), serviceDid: config.serviceDid }
    return issueTokens(issuer, { did, scope, id, family })
  }

  checkHandle(input: string, rules?: HandleRules): Promise<string> {
    return checkHandle(this.#dependencies, input, rules)
  }

  setHandleRule(name: string, rule: HandleRule | null): Promise<void> {
    return setHandleRule(this.#dependencies, name, rule)
  }

  listHandleRules(after?: string): Promise<RuledName[]> {
    return listHandleRules(this.#dependencies, after)
  }

  suggestHandles(wanted: string): Promise<{ handle: string; method: string }[]> {
    return suggestHandles(this.#dependencies, wanted)
  }

  async changeHandle(
    did: string,
    input: string,
    options?: { byOperator?: boolean },
  ): Promise<void> {
    for (const name of await changeHandle(this.#dependencies, did, input, options)) {
      this.invalidate(name)
    }
  }

  async changeSigningKey(did: string, key: ReservedKey): Promise<void> {
    await changeSigningKey(this.#dependencies, did, key)
    this.invalidate(did)
  }

  reserveSigningKey(did: string | undefined): Promise<string> {
    return reserveKey(this.#dependencies, did)
  }

  identityProblem(did: string): Promise<string | undefined> {
    return identityProblem(this.#dependencies, did)
  }

  assertIdentity(did: string): Promise<void> {
    return assertIdentity(this.#dependencies, did)
  }

  assertKeepsAccountHere(did: string, operation: PlcOperation): Promise<void> {
    return assertKeepsAccountHere(this.#dependencies, did, operation)
  }

  addAppPassword(
    did: string,
    input: { name: string; privileged: boolean },
    holder: Holder,
  ): Promise<AppPassword & { password: string }> {
    return addAppPassword(this.#dependencies, did, input, holder)
  }

  revokeDelegations(did: string): Promise<void> {
    return revokeDelegations(this.#dependencies, did)
  }

  addRecoveryKey(did: string, key: string): Promise<void> {
    return addRecoveryKey(this.#dependencies, did, key)
  }

  async delete(did: string): Promise<void> {
    await deleteAccount(this.#dependencies, did)
    this.invalidate(did)
  }

  setQuota(did: string, change: Readonly<Record<string, unknown>>): Promise<QuotaOverride> {
    return setQuota(this.#dependencies, did, change)
  }

  createInvites(order: InviteOrder): Promise<{ account: string; codes: string[] }[]> {
    return createInvites(this.#dependencies, order)
  }

  makeInviteCodes(count: number): string[] {
    return makeInviteCodes(this.#dependencies, count)
  }
}
