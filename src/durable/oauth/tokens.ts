import type { TokenInfo, TokensRpc } from '../../contracts/oauth.ts'
import { StorageError } from '../../storage/error.ts'
import type { Epochs } from '../../storage/oauth/epochs.ts'
import { RecentProofs } from '../../storage/oauth/recent-proofs.ts'
import type { NewToken, Rotation, Token, Tokens as TokenTable } from '../../storage/oauth/tokens.ts'

/** How long the id of a proof is stored, in ms: longer than its nonce is good for. */
const PROOF_WINDOW = 4 * 60 * 1000

/** Tokens cached at once. */
const MAX_CACHED = 20_000

/** Tokens of the OAuth server. Codes and tokens are known here by their hashes only. */
export class Tokens implements TokensRpc {
  readonly #storage: DurableObjectStorage
  readonly #table: TokenTable
  readonly #epochs: Epochs
  readonly #proofs = new RecentProofs(PROOF_WINDOW)
  /** Tokens that were looked up, so that a request does not cost a row. Whatever changes tokens changes this. */
  readonly #cache = new Map<string, TokenInfo>()

  constructor(storage: DurableObjectStorage, table: TokenTable, epochs: Epochs) {
    this.#storage = storage
    this.#table = table
    this.#epochs = epochs
  }

  authorize(id: string, proof: string): TokenInfo {
    if (!this.#proofs.isFirst(proof)) {
      throw new StorageError('ProofReplayed', 'DPoP proof replayed')
    }
    const info = this.#cache.get(id) ?? this.#read(id)
    if (!info || info.expiresAt <= Date.now()) {
      throw new StorageError('InvalidToken', 'Invalid token', 401)
    }
    return info
  }

  create(id: string, token: NewToken, refreshHash: string | null, epoch: number): void {
    this.#epochs.assertCurrent(token.did, epoch)
    this.#storage.transactionSync(() => this.#table.create(id, token, refreshHash))
    // It may have taken the place of another one.
    this.#cache.clear()
  }

  find(by: 'id' | 'code' | 'refresh', value: string): Token | undefined {
    if (by === 'id') return this.#table.read(value)
    return by === 'code' ? this.#table.byCode(value) : this.#table.byRefresh(value)
  }

  ofAccount(did: string): Token[] {
    return this.#table.ofAccount(did)
  }

  rotate(id: string, next: Rotation): void {
    this.#storage.transactionSync(() => this.#table.rotate(id, next))
    this.#cache.delete(id)
  }

  delete(id: string): void {
    this.#storage.transactionSync(() => this.#table.delete(id))
    this.#cache.delete(id)
  }

  /** Empties the cache, after tokens were removed in other ways. */
  clearCache(): void {
    this.#cache.clear()
  }

  #read(id: string): TokenInfo | undefined {
    const token = this.#table.read(id)
    if (!token) return undefined
    const { did, clientId, scope, parameters, expiresAt } = token
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear()
    const { dpop_jkt: jkt } = JSON.parse(parameters) as { dpop_jkt?: string }
    const info = { did, clientId, scope, jkt, expiresAt }
    this.#cache.set(id, info)
    return info
  }
}
