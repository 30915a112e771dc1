import type { ClientsRpc } from '../../contracts/oauth.ts'
import type { AuthorizedClient, AuthorizedClients } from '../../storage/oauth/clients.ts'
import type { Epochs } from '../../storage/oauth/epochs.ts'

/** What accounts have allowed apps. */
export class Clients implements ClientsRpc {
  readonly #table: AuthorizedClients
  readonly #epochs: Epochs

  constructor(table: AuthorizedClients, epochs: Epochs) {
    this.#table = table
    this.#epochs = epochs
  }

  authorize(did: string, clientId: string, scopes: readonly string[], epoch: number): void {
    this.#epochs.assertCurrent(did, epoch)
    this.#table.set(did, clientId, scopes)
  }

  isKnown(clientId: string): boolean {
    return this.#table.isKnown(clientId)
  }

  authorizedBy(dids: readonly string[]): { did: string; clients: AuthorizedClient[] }[] {
    return dids.map((did) => ({ did, clients: this.#table.of(did) }))
  }
}
