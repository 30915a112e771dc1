import { StorageError } from '../error.ts'
import type { Webhook, WebhookInput } from './webhook.ts'

/** How many there may be: each reads the log for itself. */
export const MAX_WEBHOOKS = 20

type Row = {
  id: number
  url: string
  audience: string
  method: string
  collections: string
  is_private: number
  created_at: number
  paused: string | null
}

/** Services outside that are told of writes, by the operator's will. */
export class Webhooks {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  list(): Webhook[] {
    return this.#sql
      .exec<Row>('SELECT * FROM webhook ORDER BY id')
      .toArray()
      .map(({ id, url, audience, method, paused, ...row }) => ({
        ...{ id, url, audience, method, paused },
        collections: JSON.parse(row.collections),
        isPrivate: row.is_private === 1,
        createdAt: row.created_at,
      }))
  }

  /** @throws StorageError `InvalidRequest` */
  add({ url, audience, method, collections, isPrivate }: WebhookInput): number {
    const all = this.list()
    if (all.length >= MAX_WEBHOOKS) {
      throw new StorageError('InvalidRequest', `There are ${MAX_WEBHOOKS} webhooks already`)
    }
    const wanted = JSON.stringify(collections)
    const same = all.find((one) => one.url === url && JSON.stringify(one.collections) === wanted)
    if (same) {
      throw new StorageError(
        'InvalidRequest',
        `Webhook ${same.id} tells this address of the same already`,
      )
    }
    return this.#sql
      .exec<{ id: number }>(
        `INSERT INTO webhook (url, audience, method, collections, is_private, created_at)
         VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
        ...[url, audience, method, wanted, isPrivate ? 1 : 0, Date.now()],
      )
      .one().id
  }

  remove(id: number): boolean {
    return this.#sql.exec('DELETE FROM webhook WHERE id = ? RETURNING 1', id).toArray().length > 0
  }

  pause(id: number, why: string | null): boolean {
    return (
      this.#sql.exec('UPDATE webhook SET paused = ? WHERE id = ? RETURNING 1', why, id).toArray()
        .length > 0
    )
  }
}
