/** How webhooks are doing, as their operator sees it. Commands run on Node, where the types of objects are not known. */
import type { Webhook } from '../storage/directory/webhook.ts'

/** How deliveries to one are doing. */
export interface WebhookView extends Webhook {
  /** Number of the event up to which all is done. */
  position: number
  /** Events that were not looked at yet. */
  behind: number
  /** Writes that it took. */
  delivered: number
  /** Writes of accounts that are gone, or taken down, by the time. */
  skipped: number
  /** How often events had left the log before they were looked at. */
  lost: number
  /** Writes that were given up, and kept. */
  letters: number
  /** Writes that it refused so far, and that wait behind one. */
  waiting: number
  /** What it answered to the first of them. */
  refusal?: string
  /** Attempts in a row that failed. */
  attempts: number
  /** Why the last one did; undefined: it did not. */
  error?: string
  /** ms since the epoch, of the first failure in a row, and of the next attempt. */
  failingSince?: number
  nextAt?: number
}

/** What came of a delivery by hand: the status of the answer, or why there was none. */
export interface WebhookTrial {
  status?: number
  error?: string
  ms: number
}

/** A write that a webhook did not take. */
export interface WebhookLetterView {
  id: number
  webhook: number
  uri: string
  action: string
  error: string
  /** ms since the epoch */
  failedAt: number
}
