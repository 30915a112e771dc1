import type { InvitesRpc } from '../../contracts/directory.ts'
import type { Accounts } from '../../storage/directory/accounts.ts'
import type {
  InviteCode,
  InviteCursor,
  InviteOrigin,
  InvitePage,
  InviteSort,
  NewInviteCode,
} from '../../storage/directory/invite-code.ts'
import type { InviteSchedule } from '../../storage/directory/invite-schedule.ts'
import type { Invites as InviteTable } from '../../storage/directory/invites.ts'

/** Invite codes, and who may earn some. */
export class Invites implements InvitesRpc {
  readonly #storage: DurableObjectStorage
  readonly #table: InviteTable
  readonly #accounts: Accounts

  constructor(storage: DurableObjectStorage, table: InviteTable, accounts: Accounts) {
    this.#storage = storage
    this.#table = table
    this.#accounts = accounts
  }

  add(codes: readonly NewInviteCode[]): void {
    this.#storage.transactionSync(() => this.#table.add(codes))
  }

  ofAccount(did: string): InviteCode[] {
    return this.#table.ofAccount(did)
  }

  usedBy(did: string): InviteCode | undefined {
    return this.#table.usedBy(did)
  }

  originOf(code: string): InviteOrigin | undefined {
    return this.#table.originOf(code)
  }

  addEarned(did: string, schedule: InviteSchedule, fresh: readonly string[]): void {
    const standing = this.#accounts.standing(did)
    if (!standing || standing.invitesDisabled) return
    this.#table.addEarned(did, standing.since, schedule, fresh)
  }

  list(sort: InviteSort, limit: number, after?: InviteCursor): InvitePage {
    return this.#table.list(sort, limit, after)
  }

  disable(codes: readonly string[], accounts: readonly string[]): void {
    this.#storage.transactionSync(() => this.#table.disable(codes, accounts))
  }

  setEarningDisabled(did: string, disabled: boolean): void {
    this.#accounts.setInvitesDisabled(did, disabled)
  }
}
