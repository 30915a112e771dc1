import { XRPCError } from '@atproto/xrpc-server'
import { typedIdentifier } from '../../kernel/typed-text.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { ResidentsClient } from '../objects/stubs.ts'
import { AccountCache } from './account-cache.ts'

/** Finds the accounts of this host; what the directory answered is cached for some seconds. */
export class AccountLookup {
  readonly #residents: () => ResidentsClient
  readonly #cache = new AccountCache()

  /** @param residents a client for each question */
  constructor(residents: () => ResidentsClient) {
    this.#residents = residents
  }

  /** The account on this host with this handle or DID, or undefined. */
  find(handleOrDid: string): Promise<HostedAccount | undefined> {
    const by = handleOrDid.startsWith('did:') ? 'did' : 'handle'
    return this.#cache.get(handleOrDid, (since) => this.#residents().find(by, handleOrDid, since))
  }

  /** The same, for methods that are about an account of this host. @throws XRPCError `RepoNotFound` */
  async get(handleOrDid: string): Promise<HostedAccount> {
    const account = await this.find(handleOrDid)
    if (!account) throw new XRPCError(400, `Could not find repo: ${handleOrDid}`, 'RepoNotFound')
    return account
  }

  /** The account that somebody means who types a handle, with or without an @, a DID or an e-mail address. */
  async findByIdentifier(input: string): Promise<HostedAccount | undefined> {
    const identifier = typedIdentifier(input)
    if (!identifier.includes('@')) return this.find(identifier)
    return (await this.#residents().find('email', identifier)).account
  }

  /** After a change: what is cached of a handle or DID is out of date. */
  invalidate(handleOrDid: string): void {
    this.#cache.invalidate(handleOrDid)
  }
}
