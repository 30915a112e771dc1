import type { DirectoryVersion, ResidentAnswer, ResidentsRpc } from '../../contracts/residents.ts'
import type { Accounts, NameKind } from '../../storage/directory/accounts.ts'
import type { RecentChanges } from './recent-changes.ts'

/** The accounts of this host, for those who cache them. */
export class Residents implements ResidentsRpc {
  readonly #accounts: Pick<Accounts, 'by'>
  readonly #recent: Pick<RecentChanges, 'since' | 'version'>

  constructor(accounts: Pick<Accounts, 'by'>, recent: Pick<RecentChanges, 'since' | 'version'>) {
    this.#accounts = accounts
    this.#recent = recent
  }

  find(by: NameKind, value: string, since?: DirectoryVersion): ResidentAnswer {
    const { version } = this.#recent
    return {
      account: this.#accounts.by(by, value),
      version,
      changed: this.#recent.since(since),
      age: 0,
    }
  }
}
