import type { ArchivesRpc } from '../../contracts/account.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'

/** Which archive of the account is on its way. In memory: after a restart the one that goes on counts. */
export class Archives implements ArchivesRpc {
  readonly #core: AccountCore
  #current: string | undefined

  constructor(core: AccountCore) {
    this.#core = core
  }

  begin(): string {
    this.#core.profile.get()
    this.#current = crypto.randomUUID()
    return this.#current
  }

  assertCurrent(id: string): void {
    this.#core.profile.get()
    this.#current ??= id
    if (this.#current === id) return
    throw new StorageError('ArchiveReplaced', 'Another download of this account was begun')
  }
}
