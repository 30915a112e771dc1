import type { PreferencesRpc } from '../../contracts/account/lifecycle.ts'
import type {
  Preference,
  Preferences as PreferenceTable,
} from '../../storage/account/preferences.ts'
import type { AccountCore } from './core.ts'

/** Preferences of one account. */
export class Preferences implements PreferencesRpc {
  readonly #core: AccountCore
  readonly #table: PreferenceTable

  constructor(core: AccountCore, table: PreferenceTable) {
    this.#core = core
    this.#table = table
  }

  get(all: boolean): Preference[] {
    this.#core.profile.get()
    return this.#table.get(all)
  }

  set(preferences: readonly Preference[], all: boolean): void {
    this.#core.profile.get()
    this.#core.storage.transactionSync(() => this.#table.set(preferences, all))
  }
}
