import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'
import { type Outcome, settle } from '../services/objects/result.ts'
import { StorageError } from '../storage/error.ts'
import { migrate } from '../storage/migrate.ts'
import { type AuthorizedClient, AuthorizedClients } from '../storage/oauth/clients.ts'
import { type Device, type DeviceAccount, Devices } from '../storage/oauth/devices.ts'
import { RecentProofs } from '../storage/oauth/recent-proofs.ts'
import { Replays } from '../storage/oauth/replays.ts'
import {
  type AuthorizationRequest,
  AuthorizationRequests,
  type RequestChange,
} from '../storage/oauth/requests.ts'
import { isEmpty, migrations } from '../storage/oauth/schema.ts'
import { type NewToken, type Rotation, type Token, Tokens } from '../storage/oauth/tokens.ts'

/** How often what has expired is deleted, ms. */
const PRUNING = 60 * 60 * 1000

/** How long the id of a proof is remembered, ms: longer than its nonce is good for. */
const PROOF_WINDOW = 4 * 60 * 1000

/** Admitted tokens remembered at once. */
const MAX_KNOWN = 20_000

/** What a request with an access token may do. */
export interface Admission extends Pick<Token, 'did' | 'clientId' | 'scope' | 'expiresAt'> {
  /** Thumbprint of the key that it is bound to. */
  jkt: string | undefined
}

/**
 * The one object that knows which apps may act for whom: devices, requests, consents and tokens of the OAuth
 * server. A thin shell over `src/storage/oauth`. Codes and tokens are known here by their hashes only.
 */
export class OAuthObject extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage
  readonly #devices: Devices
  readonly #clients: AuthorizedClients
  readonly #requests: AuthorizationRequests
  readonly #tokens: Tokens
  readonly #replays: Replays
  readonly #proofs = new RecentProofs(PROOF_WINDOW)
  /** Tokens that were admitted, so that a request does not cost a row. Whatever changes tokens changes this. */
  readonly #known = new Map<string, Admission>()
  #alarmIsSet = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { storage } = ctx
    this.#storage = storage
    migrate(storage, migrations)
    this.#devices = new Devices(storage.sql)
    this.#clients = new AuthorizedClients(storage.sql)
    this.#requests = new AuthorizationRequests(storage.sql)
    this.#tokens = new Tokens(storage.sql)
    this.#replays = new Replays(storage.sql)
  }

  /**
   * Lets a request pass: its token works, and its proof is shown for the first time.
   *
   * @param id the token's `jti`
   * @param proof the proof's
   * @throws StorageError `InvalidToken`, `ProofReplayed`
   */
  admit(id: string, proof: string): Promise<Outcome<Admission>> {
    return settle(() => {
      if (!this.#proofs.isFirst(proof)) {
        throw new StorageError('ProofReplayed', 'DPoP proof replayed', 401)
      }
      const known = this.#known.get(id) ?? this.#learn(id)
      if (!known || known.expiresAt <= Date.now()) {
        throw new StorageError('InvalidToken', 'Invalid token', 401)
      }
      return known
    })
  }

  createDevice(id: string, device: Device): void {
    this.#devices.create(id, device)
    this.#pruneLater()
  }

  readDevice(id: string): Device | undefined {
    return this.#devices.read(id)
  }

  updateDevice(id: string, change: Partial<Device>): void {
    this.#devices.update(id, change)
  }

  deleteDevice(id: string): void {
    this.#devices.delete(id)
  }

  signIn(deviceId: string, did: string): void {
    this.#devices.signIn(deviceId, did)
  }

  signOut(deviceId: string, did: string): void {
    this.#devices.signOut(deviceId, did)
  }

  deviceAccounts(filter: { deviceId?: string; did?: string }): DeviceAccount[] {
    return this.#devices.accounts(filter)
  }

  authorizeClient(did: string, clientId: string, scopes: readonly string[]): void {
    this.#clients.set(did, clientId, scopes)
  }

  authorizedClients(dids: readonly string[]): { did: string; clients: AuthorizedClient[] }[] {
    return dids.map((did) => ({ did, clients: this.#clients.of(did) }))
  }

  createRequest(id: string, request: AuthorizationRequest): void {
    this.#requests.create(id, request)
    this.#pruneLater()
  }

  readRequest(id: string): AuthorizationRequest | undefined {
    return this.#requests.read(id)
  }

  updateRequest(id: string, change: RequestChange): Promise<Outcome<void>> {
    return settle(() => this.#requests.update(id, change))
  }

  deleteRequest(id: string): void {
    this.#requests.delete(id)
  }

  consumeCode(hash: string): { id: string; request: AuthorizationRequest } | undefined {
    return this.#requests.consume(hash)
  }

  createToken(id: string, token: NewToken, refreshHash: string | null): void {
    this.#tokens.create(id, token, refreshHash)
    this.#pruneLater()
  }

  findToken(by: 'id' | 'code' | 'refresh', value: string): Token | undefined {
    if (by === 'id') return this.#tokens.read(value)
    return by === 'code' ? this.#tokens.byCode(value) : this.#tokens.byRefresh(value)
  }

  tokensOf(did: string): Token[] {
    return this.#tokens.ofAccount(did)
  }

  rotateToken(id: string, next: Rotation): Promise<Outcome<void>> {
    return settle(() => {
      this.#storage.transactionSync(() => this.#tokens.rotate(id, next))
      this.#known.delete(id)
    })
  }

  deleteToken(id: string): void {
    this.#storage.transactionSync(() => this.#tokens.delete(id))
    this.#known.delete(id)
  }

  isFirst(key: string, window: number): boolean {
    this.#pruneLater()
    return this.#replays.isFirst(key, window)
  }

  /**
   * Ends what apps may do for an account, and what they are in the middle of. Their owner is asked again.
   *
   * @param devices whether it is signed out of browsers, too
   */
  forgetAccount(did: string, { devices }: { devices: boolean }): void {
    this.#storage.transactionSync(() => {
      this.#tokens.forgetAccount(did)
      this.#requests.forgetAccount(did)
      this.#clients.forgetAccount(did)
      if (devices) this.#devices.forgetAccount(did)
    })
    this.#known.clear()
  }

  override async alarm(): Promise<void> {
    this.#alarmIsSet = false
    const now = Date.now()
    this.#storage.transactionSync(() => {
      this.#requests.prune(now)
      this.#tokens.prune(now)
      this.#replays.prune(now)
      this.#devices.prune(now)
    })
    this.#known.clear()
    if (!isEmpty(this.#storage.sql)) await this.#storage.setAlarm(now + PRUNING)
  }

  #learn(id: string): Admission | undefined {
    const token = this.#tokens.read(id)
    if (!token) return undefined
    const { did, clientId, scope, parameters, expiresAt } = token
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    const { dpop_jkt: jkt } = JSON.parse(parameters) as { dpop_jkt?: string }
    const admission = { did, clientId, scope, jkt, expiresAt }
    this.#known.set(id, admission)
    return admission
  }

  #pruneLater(): void {
    if (this.#alarmIsSet) return
    this.#alarmIsSet = true
    this.ctx.waitUntil(this.#setAlarm())
  }

  /** An alarm that is set stays as it is: an object that restarts often would put it off for ever. */
  async #setAlarm(): Promise<void> {
    const set = await this.#storage.getAlarm()
    if (set === null) await this.#storage.setAlarm(Date.now() + PRUNING)
  }
}
