/** Services outside that are told of writes (docs/webhooks.md): what the directory keeps, and what the index does. */
import type { Webhook, WebhookInput } from '../storage/directory/webhook.ts'
import type { WebhookLetter } from '../storage/index/webhook-letters.ts'
import type { Answer } from './answer.ts'
import type { WebhookTrial, WebhookView } from './webhook-view.ts'

export type { Webhook, WebhookInput, WebhookLetter, WebhookTrial, WebhookView }

/** What the directory keeps: who is told of what, by the operator's will. */
export interface WebhooksRpc {
  list(): Answer<Webhook[]>
  /** @returns its number @throws StorageError `InvalidRequest` when there are too many, or the same one already */
  add(webhook: WebhookInput): Answer<number>
  /** @returns whether there was one */
  remove(id: number): Answer<boolean>
  /** @param why null: it goes on @returns whether there is one */
  pause(id: number, why: string | null): Answer<boolean>
}

/** What the index does: it reads the log, and tells them. */
export interface WebhookDeliveryRpc {
  /** There are more events in the log. */
  wake(head: number): Answer<void>
  /** Looks again at who is to be told. Those that are new begin here. */
  adopt(): Answer<void>
  report(): Answer<WebhookView[]>
  /** Tells one that it is being tried, in the name of an account. @throws StorageError `InvalidRequest` */
  test(id: number, did: string): Answer<WebhookTrial>
  /** Writes that were given up, the newest first, from before one of them. */
  letters(limit: number, before?: number): Answer<WebhookLetter[]>
  /** Tries one of them again now, or the oldest hundred. @returns how many were taken, and how many are left */
  retry(id?: number): Answer<{ taken: number; left: number }>
  /** Forgets one of them, or all. @returns how many */
  drop(id?: number): Answer<number>
}
