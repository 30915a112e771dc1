import type { DirectoryAccountsRpc } from '../../contracts/directory.ts'
import type { SignUpNote } from '../../contracts/sign-ups.ts'
import type {
  AccountCounts,
  AccountFacts,
  AccountFilter,
  AccountList,
  AdministeredAccount,
  SearchPage,
  SearchPlace,
} from '../../storage/directory/account-list.ts'
import type {
  Accounts as AccountTable,
  HostedAccount,
  NameClaim,
  NameKind,
} from '../../storage/directory/accounts.ts'
import type { Bursts } from '../../storage/directory/bursts.ts'
import type { DevMails } from '../../storage/directory/dev-mails.ts'
import type { EmailTokens } from '../../storage/directory/email-tokens.ts'
import type { Invites } from '../../storage/directory/invites.ts'
import type { StoredLexicons } from '../../storage/directory/lexicons.ts'
import type { MailQueue } from '../../storage/directory/mail-queue.ts'
import type { Reports } from '../../storage/directory/reports.ts'
import type { ReservedKeys } from '../../storage/directory/reserved-keys.ts'
import type { SignUpQueue } from '../../storage/directory/sign-up-queue.ts'
import type { RecentChanges } from './recent-changes.ts'

/** Tables that hold something of an account. */
export interface AccountTables {
  accounts: AccountTable
  list: AccountList
  invites: Invites
  tokens: EmailTokens
  keys: ReservedKeys
  lexicons: StoredLexicons
  queue: MailQueue
  outbox: DevMails
  signUps: SignUpQueue
  bursts: Pick<Bursts, 'judge'>
  reports: Reports
  /** Told of each account that has other names, or is gone. */
  recent: Pick<RecentChanges, 'note'>
  /** Whether the host is being restored. */
  restore: { assertNone(): void }
}

/** Which accounts are on this host, and under which names. */
export class Accounts implements DirectoryAccountsRpc {
  readonly #storage: DurableObjectStorage
  readonly #table: AccountTable
  readonly #list: AccountList
  readonly #invites: Invites
  readonly #tokens: EmailTokens
  readonly #tables: AccountTables
  readonly #queue: SignUpQueue
  readonly #bursts: Pick<Bursts, 'judge'>

  constructor(storage: DurableObjectStorage, tables: AccountTables) {
    this.#storage = storage
    this.#tables = tables
    this.#table = tables.accounts
    this.#list = tables.list
    this.#invites = tables.invites
    this.#tokens = tables.tokens
    this.#queue = tables.signUps
    this.#bursts = tables.bursts
  }

  reserve(
    account: HostedAccount,
    inviteCode?: string,
    claim?: NameClaim,
    signUp: SignUpNote = {},
  ): void {
    const { burst } = signUp
    this.#tables.restore.assertNone()
    const noteBurst = burst && this.#bursts.judge(burst, burst.minimum)
    this.#storage.transactionSync(() => {
      if (signUp.queueMax !== undefined) this.#queue.assertRoom(signUp.queueMax)
      const code = inviteCode === undefined ? null : this.#invites.assertUsable(inviteCode)
      this.#table.reserve(account, code, claim)
      noteBurst?.()
    })
  }

  confirm(
    account: Pick<HostedAccount, 'did' | 'handle'>,
    waits?: { genesis: string | null },
  ): boolean {
    return this.#storage.transactionSync(() => {
      const confirmed = this.#table.confirm(account)
      if (confirmed) this.#invites.noteUse(account.did)
      if (confirmed && waits) this.#queue.add(account.did, waits.genesis)
      return confirmed
    })
  }

  release(did: string): void {
    this.#table.release(did)
  }

  setHandle(did: string, handle: string, claim?: NameClaim & { undoing?: string }): void {
    this.#storage.transactionSync(() => this.#table.setHandle(did, handle, claim))
    this.#tables.recent.note(did)
  }

  setEmail(did: string, email: string, tokenHash?: string): void {
    this.#storage.transactionSync(() => {
      if (tokenHash !== undefined) this.#tokens.consume('update_email', tokenHash, did)
      this.#table.setEmail(did, email)
      this.#tokens.revokeAll(did)
    })
    this.#tables.recent.note(did)
  }

  isHandleFree(handle: string): boolean {
    return this.#table.isHandleFree(handle)
  }

  remove(did: string): void {
    this.#storage.transactionSync(() => {
      const waiting = this.#queue.get(did)
      // Who was refused is still to be told so.
      const isTold = waiting !== undefined && waiting.refused !== null
      const address = isTold ? undefined : this.#table.byDid(did)?.email
      // Of one that still waited nobody knows: no name has to be kept from others.
      if (waiting) this.#table.forget(did)
      else this.#table.remove(did)
      this.#queue.remove(did)
      this.#tokens.revokeAll(did)
      const { invites, keys, lexicons, reports, queue, outbox } = this.#tables
      for (const table of [invites, keys, lexicons, reports]) table.forgetAccount(did)
      if (address) for (const table of [queue, outbox]) table.forgetRecipient(address)
    })
    this.#tables.recent.note(did)
  }

  find(by: NameKind, value: string): HostedAccount | undefined {
    return this.#table.by(by, value)
  }

  findAny(handles: readonly string[], dids: readonly string[]): HostedAccount | undefined {
    for (const did of dids) {
      const account = this.#table.byDid(did)
      if (account) return account
    }
    for (const handle of handles) {
      const account = this.#table.byHandle(handle)
      if (account) return account
    }
    return undefined
  }

  administered(did: string): AdministeredAccount | undefined {
    return this.#list.find(did)
  }

  search(prefix: string, limit: number, after?: SearchPlace, filter?: AccountFilter): SearchPage {
    return this.#list.search(prefix, limit, after, filter)
  }

  counts(): AccountCounts {
    return this.#list.counts()
  }

  setFacts(did: string, facts: AccountFacts): void {
    this.#list.setFacts(did, facts)
  }

  list(limit: number, cursor?: string): HostedAccount[] {
    return this.#table.list(limit, cursor)
  }
}
