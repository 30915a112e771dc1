import type { WebhookLetter } from '../../contracts/webhooks.ts'

/** A write that a webhook did not take, as an operator sees it. */
export interface WebhookLetterView {
  id: number
  webhook: number
  uri: string
  action: string
  error: string
  /** ms since the epoch */
  failedAt: number
}

export const viewWebhookLetter = (letter: WebhookLetter): WebhookLetterView => {
  const { id, webhook, did, collection, rkey, action, error, failedAt } = letter
  return { id, webhook, action, error, failedAt, uri: `at://${did}/${collection}/${rkey}` }
}
