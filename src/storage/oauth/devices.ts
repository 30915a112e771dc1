/** Browsers that have seen the sign-in page, and who is signed in on them. */
import { StorageError } from '../error.ts'

/** A browser. Times in ms since 1970. */
export interface Device {
  /** The secret in its cookie, encrypted. */
  session: string
  userAgent: string | null
  ipAddress: string
  lastSeenAt: number
}

/** An account that is signed in on a device. */
export interface DeviceAccount {
  deviceId: string
  device: Device
  did: string
  createdAt: number
  /** When the account last signed in there. */
  updatedAt: number
}

const HOUR = 60 * 60 * 1000

/** Rows expire after so much time without a request: of browsers without a sign-in, and with one; ms. */
const IDLE = HOUR
const SIGNED_IN = 180 * 24 * HOUR

/** Browsers without a sign-in, at most; beyond that some are forgotten, of the networks that have most. */
const MAX_ANONYMOUS = 5_000
/** That is looked at once in so many new rows. */
const COUNT_EVERY = 64
/** Rows that have expired are removed so many at a time, with each new one. */
const REMOVED_AT_ONCE = 20

type Row = {
  id: string
  session: string
  user_agent: string | null
  ip_address: string
  last_seen_at: number
}
type AccountRow = Row & { did: string; created_at: number; updated_at: number }

export class Devices {
  readonly #sql: SqlStorage
  #created = 0
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param network mark of the network that it comes from */
  create(id: string, device: Device, network: string): void {
    const { session, userAgent, ipAddress, lastSeenAt } = device
    this.#sql.exec(
      `INSERT INTO device (id, session, user_agent, ip_address, last_seen_at, network)
       VALUES (?, ?, ?, ?, ?, ?)`,
      id,
      session,
      userAgent,
      ipAddress,
      lastSeenAt,
      network,
    )
    this.#removeAnonymous(Date.now())
  }

  read(id: string): Device | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM device WHERE id = ?', id).toArray()
    return row && toDevice(row)
  }

  update(id: string, change: Partial<Device>): void {
    const before = this.read(id)
    if (!before) return
    const { session, userAgent, ipAddress, lastSeenAt } = { ...before, ...change }
    this.#sql.exec(
      `UPDATE device SET session = ?, user_agent = ?, ip_address = ?, last_seen_at = ? WHERE id = ?`,
      session,
      userAgent,
      ipAddress,
      lastSeenAt,
      id,
    )
  }

  delete(id: string): void {
    this.#sql.exec('DELETE FROM device_account WHERE device_id = ?', id)
    this.#sql.exec('DELETE FROM device WHERE id = ?', id)
  }

  /**
   * Records a sign-in on a device.
   *
   * @returns whether the account was not signed in there before
   * @throws StorageError `InvalidGrant` when the device was forgotten meanwhile
   */
  signIn(id: string, did: string): boolean {
    const now = Date.now()
    const [device] = this.#sql
      .exec('UPDATE device SET anonymous = 0 WHERE id = ? RETURNING id', id)
      .toArray()
    if (!device) throw new StorageError('InvalidGrant', 'This browser was forgotten: begin again')
    const isNew = this.accounts({ deviceId: id, did }).length === 0
    this.#sql.exec(
      `INSERT INTO device_account (device_id, did, created_at, updated_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (device_id, did) DO UPDATE SET updated_at = excluded.updated_at`,
      id,
      did,
      now,
      now,
    )
    return isNew
  }

  signOut(id: string, did: string): void {
    this.#sql.exec('DELETE FROM device_account WHERE device_id = ? AND did = ?', id, did)
  }

  /** Signs an account out of all devices. */
  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM device_account WHERE did = ?', did)
  }

  /** The same for an account that is gone; browsers on which nobody else is signed in are forgotten with it. */
  forgetGone(did: string): void {
    this.#sql.exec(
      `DELETE FROM device WHERE id IN (SELECT device_id FROM device_account WHERE did = ?1)
       AND NOT EXISTS (SELECT 1 FROM device_account WHERE device_id = device.id AND did <> ?1)`,
      did,
    )
    this.forgetAccount(did)
  }

  /** Accounts signed in on a device, devices of an account, or, with both filters, at most one row. */
  accounts(filter: { deviceId?: string; did?: string }): DeviceAccount[] {
    const { deviceId, did } = filter
    const conditions = [
      ...(deviceId === undefined ? [] : [['device_account.device_id = ?', deviceId] as const]),
      ...(did === undefined ? [] : [['device_account.did = ?', did] as const]),
    ]
    if (conditions.length === 0) return []
    return this.#sql
      .exec<AccountRow>(
        `SELECT device.*, did, created_at, updated_at
         FROM device_account JOIN device ON device.id = device_account.device_id
         WHERE ${conditions.map(([condition]) => condition).join(' AND ')}
         ORDER BY updated_at DESC`,
        ...conditions.map(([, value]) => value),
      )
      .toArray()
      .map((row) => ({
        deviceId: row.id,
        device: toDevice(row),
        did: row.did,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      }))
  }

  /** With each new row, so that however many come, few are kept longer than their time. */
  #removeAnonymous(now: number): void {
    this.#sql.exec(
      `DELETE FROM device WHERE id IN
         (SELECT id FROM device WHERE anonymous = 1 AND last_seen_at < ? LIMIT ?)`,
      now - IDLE,
      REMOVED_AT_ONCE,
    )
    if (this.#created++ % COUNT_EVERY !== 0) return
    // Each row has its rank among those of its network, and the last ranks go.
    this.#sql.exec(
      `DELETE FROM device WHERE id IN (
         SELECT id FROM (
           SELECT id, last_seen_at, row_number() OVER (
             PARTITION BY network ORDER BY last_seen_at DESC) AS rank
           FROM device WHERE anonymous = 1)
         ORDER BY rank, last_seen_at DESC LIMIT -1 OFFSET ?)`,
      MAX_ANONYMOUS,
    )
  }

  prune(now: number): void {
    this.#sql.exec(
      `DELETE FROM device WHERE last_seen_at < ?
       AND id NOT IN (SELECT device_id FROM device_account)`,
      now - IDLE,
    )
    const old = this.#sql
      .exec<{ id: string }>('SELECT id FROM device WHERE last_seen_at < ?', now - SIGNED_IN)
      .toArray()
    for (const { id } of old) this.delete(id)
  }
}

const toDevice = (row: Row): Device => ({
  session: row.session,
  userAgent: row.user_agent,
  ipAddress: row.ip_address,
  lastSeenAt: row.last_seen_at,
})
