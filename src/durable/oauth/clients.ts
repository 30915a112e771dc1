import type { ClientsRpc } from '../../contracts/oauth.ts'
import type { AuthorizedClient, AuthorizedClients } from '../../storage/oauth/clients.ts'

/** What accounts have allowed apps. */
export class Clients implements ClientsRpc {
  readonly #table: AuthorizedClients

  constructor(table: AuthorizedClients) {
    this.#table = table
  }

  authorize(did: string, clientId: string, scopes: readonly string[]): void {
    this.#table.set(did, clientId, scopes)
  }

  authorizedBy(dids: readonly string[]): { did: string; clients: AuthorizedClient[] }[] {
    return dids.map((did) => ({ did, clients: this.#table.of(did) }))
  }
}
