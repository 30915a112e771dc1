import type { WebhookLetterView } from '../../contracts/webhook-view.ts'
import type { WebhookLetter } from '../../contracts/webhooks.ts'

export const viewWebhookLetter = (letter: WebhookLetter): WebhookLetterView => {
  const { id, webhook, did, collection, rkey, action, error, failedAt } = letter
  return { id, webhook, action, error, failedAt, uri: `at://${did}/${collection}/${rkey}` }
}
