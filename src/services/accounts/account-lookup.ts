import { XRPCError } from '@atproto/xrpc-server'
import type { DirectoryVersion } from '../../contracts/residents.ts'
import { directoryShardOf } from '../../kernel/directory-shards.ts'
import { typedIdentifier } from '../../kernel/typed-text.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { AccountCache } from './account-cache.ts'

/** Names cached per isolate. */
const MAX_REMEMBERED = 10_000

/** Finds the accounts of this host; what the directory answered is cached for some seconds. */
export class AccountLookup {
  readonly #objects: Pick<HostObjects, 'directoryShard' | 'directoryShards'>
  /** One for each object that is asked: they tell what has changed of their own names. */
  readonly #caches: readonly AccountCache[]

  constructor(objects: Pick<HostObjects, 'directoryShard' | 'directoryShards'>) {
    this.#objects = objects
    const { directoryShards: length } = objects
    this.#caches = Array.from({ length }, () => new AccountCache(MAX_REMEMBERED / length))
  }

  /** The account on this host with this handle or DID, or undefined. */
  find(handleOrDid: string): Promise<HostedAccount | undefined> {
    const by = handleOrDid.startsWith('did:') ? 'did' : 'handle'
    const ask = (since?: DirectoryVersion) =>
      this.#objects.directoryShard(handleOrDid).residents.find(by, handleOrDid, since)
    return this.#cacheOf(handleOrDid)?.get(handleOrDid, ask) ?? ask().then(({ account }) => account)
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
    return (await this.#objects.directoryShard(identifier).residents.find('email', identifier))
      .account
  }

  /** After a change: what is cached of a handle or DID is out of date. */
  invalidate(handleOrDid: string): void {
    this.#cacheOf(handleOrDid)?.invalidate(handleOrDid)
  }

  #cacheOf(name: string): AccountCache | undefined {
    return this.#caches[directoryShardOf(name, this.#caches.length)]
  }
}
