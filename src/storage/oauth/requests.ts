/** Pending authorization requests (OAuth 2.1; RFC 9126 for pushed ones). */
import { StorageError } from '../error.ts'

/** A request. Times in ms since 1970. */
export interface AuthorizationRequest {
  clientId: string
  /** How the client authenticated, as JSON. */
  clientAuth: string
  /** Its parameters, as JSON. */
  parameters: string
  expiresAt: number
  /** The browser it is bound to, once one has opened the page. */
  deviceId: string | null
  /** The account that consented. */
  did: string | null
  /** Hash of the authorization code that was issued then. */
  codeHash: string | null
}

export type RequestChange = Partial<
  Pick<AuthorizationRequest, 'did' | 'codeHash' | 'deviceId' | 'expiresAt' | 'parameters'>
>

/** Expired requests are kept for this time, ms, so that the user gets an error that says so. */
const GRACE = 10 * 60 * 1000

/** Pending requests, without those that a code was issued for. */
const MAX_PENDING = 1_000
/** Codes of an account that were not traded in; beyond that the oldest go. */
const MAX_CODES = 50
/** That is looked at once in so many new rows. */
const COUNT_EVERY = 16
/** Rows that have expired are removed so many at a time, with each new one. */
const REMOVED_AT_ONCE = 20

type Row = {
  id: string
  client_id: string
  client_auth: string
  parameters: string
  expires_at: number
  device_id: string | null
  did: string | null
  code_hash: string | null
}

export class AuthorizationRequests {
  readonly #sql: SqlStorage
  #created = 0
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param network mark of the network that it comes from */
  create(id: string, request: AuthorizationRequest, network: string): void {
    this.#sql.exec(
      `INSERT INTO request
         (id, client_id, client_auth, parameters, expires_at, device_id, did, code_hash, network)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      request.clientId,
      request.clientAuth,
      request.parameters,
      request.expiresAt,
      request.deviceId,
      request.did,
      request.codeHash,
      network,
    )
    this.#removeOld(Date.now())
  }

  /** Also one that has expired. */
  read(id: string): AuthorizationRequest | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM request WHERE id = ?', id).toArray()
    return row && toRequest(row)
  }

  /** @throws StorageError `InvalidRequest` when `change` has a code, and it has another already, or was forgotten */
  update(id: string, change: RequestChange): void {
    const before = this.read(id)
    if (!before && change.codeHash) {
      throw new StorageError('InvalidRequest', 'This request was forgotten: begin again')
    }
    if (!before) return
    if (change.codeHash && before.codeHash !== null) {
      throw new StorageError('InvalidRequest', 'This request was already authorized')
    }
    const { did, codeHash, deviceId, expiresAt, parameters } = { ...before, ...change }
    this.#sql.exec(
      `UPDATE request SET did = ?, code_hash = ?, device_id = ?, expires_at = ?, parameters = ?
       WHERE id = ?`,
      did,
      codeHash,
      deviceId,
      expiresAt,
      parameters,
      id,
    )
    if (change.did) this.#removeOldCodes(change.did)
  }

  delete(id: string): void {
    this.#sql.exec('DELETE FROM request WHERE id = ?', id)
  }

  /** Deletes and returns the request with this code, so that a code works once. */
  consume(codeHash: string): { id: string; request: AuthorizationRequest } | undefined {
    const [row] = this.#sql
      .exec<Row>('DELETE FROM request WHERE code_hash = ? RETURNING *', codeHash)
      .toArray()
    return row && { id: row.id, request: toRequest(row) }
  }

  /** Deletes an account's pending requests of one client. */
  forgetClient(did: string, clientId: string): void {
    this.#sql.exec('DELETE FROM request WHERE did = ? AND client_id = ?', did, clientId)
  }

  /** Deletes the pending requests of an account. */
  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM request WHERE did = ?', did)
  }

  /** With each new row, so that however many come, few are kept longer than their time. */
  #removeOld(now: number): void {
    this.#sql.exec(
      'DELETE FROM request WHERE id IN (SELECT id FROM request WHERE expires_at < ? LIMIT ?)',
      now - GRACE,
      REMOVED_AT_ONCE,
    )
    if (this.#created++ % COUNT_EVERY !== 0) return
    this.#removePending()
  }

  /**
   * Takes from the networks that have most, so that none pushes out what comes from others: each row has its rank
   * among those of its network, and the last ranks go. Of one network those stay longest that a browser has opened.
   */
  #removePending(): void {
    this.#sql.exec(
      `DELETE FROM request WHERE id IN (
         SELECT id FROM (
           SELECT id, device_id, expires_at, row_number() OVER (
             PARTITION BY network ORDER BY device_id IS NULL, expires_at DESC) AS rank
           FROM request WHERE did IS NULL AND code_hash IS NULL)
         ORDER BY rank, device_id IS NULL, expires_at DESC LIMIT -1 OFFSET ?)`,
      MAX_PENDING,
    )
  }

  #removeOldCodes(did: string): void {
    this.#sql.exec(
      `DELETE FROM request WHERE id IN (
         SELECT id FROM request WHERE did = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ?)`,
      did,
      MAX_CODES,
    )
  }

  prune(now: number): void {
    this.#sql.exec('DELETE FROM request WHERE expires_at < ?', now - GRACE)
  }
}

const toRequest = (row: Row): AuthorizationRequest => ({
  clientId: row.client_id,
  clientAuth: row.client_auth,
  parameters: row.parameters,
  expiresAt: row.expires_at,
  deviceId: row.device_id,
  did: row.did,
  codeHash: row.code_hash,
})
