import type { RequestsRpc } from '../../contracts/oauth.ts'
import type { Epochs } from '../../storage/oauth/epochs.ts'
import type {
  AuthorizationRequest,
  AuthorizationRequests,
  RequestChange,
} from '../../storage/oauth/requests.ts'

/** Authorization requests, and the codes that they end in. */
export class Requests implements RequestsRpc {
  readonly #table: AuthorizationRequests
  readonly #epochs: Epochs

  constructor(table: AuthorizationRequests, epochs: Epochs) {
    this.#table = table
    this.#epochs = epochs
  }

  create(id: string, request: AuthorizationRequest, network: string): void {
    this.#table.create(id, request, network)
  }

  read(id: string): AuthorizationRequest | undefined {
    return this.#table.read(id)
  }

  update(id: string, change: RequestChange, epoch?: number): void {
    if (change.did && epoch !== undefined) this.#epochs.assertCurrent(change.did, epoch)
    this.#table.update(id, change)
  }

  delete(id: string): void {
    this.#table.delete(id)
  }

  consume(codeHash: string) {
    const found = this.#table.consume(codeHash)
    return found && { ...found, epoch: this.#epochs.of(found.request.did ?? '') }
  }
}
