import { XRPCError } from '@atproto/xrpc-server'
import { typedIdentifier } from '../../kernel/typed-text.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { DirectoryClient } from '../objects/stubs.ts'
import { AccountCache } from './account-cache.ts'

/** Finds the accounts of this host; what the directory answered is cached for some seconds. */
export class AccountLookup {
  readonly #directory: () => DirectoryClient
  readonly #cache = new AccountCache()

  /** @param directory a client for each question */
  constructor(directory: () => DirectoryClient) {
    this.#directory = directory
  }

  /** The account on this host with this handle or DID, or undefined. */
  find(handleOrDid: string): Promise<HostedAccount | undefined> {
    const by = handleOrDid.startsWith('did:') ? 'did' : 'handle'
    return this.#cache.get(handleOrDid, () => this.#directory().accounts.find(by, handleOrDid))
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
    return identifier.includes('@')
      ? this.#directory().accounts.find('email', identifier)
      : this.find(identifier)
  }

  /** After a change: what is cached of a handle or DID is out of date. */
  invalidate(handleOrDid: string): void {
    this.#cache.invalidate(handleOrDid)
  }
}
