/** What a webhook refused, and what waits behind it: the first write of each account is sent again. */
import type { Webhook } from '../../contracts/webhooks.ts'
import type { WaitingWrite, WebhookLetters } from '../../storage/index/webhook-letters.ts'
import { ACCOUNTS, type Failure, MAX_REFUSALS } from './attempt.ts'
import { bodyOf, type DeliverParts, type Delivery, deliver } from './deliver.ts'

/** ms before a write is sent again that was refused once; doubles with each time. */
const FIRST_PAUSE = 1_000

/** When a write is sent again, in ms since the epoch. @param attempts times that it was refused */
export const againAt = (attempts: number, now: number): number =>
  now + FIRST_PAUSE * 2 ** Math.max(0, attempts - 1)

export interface Retried {
  tried: number
  taken: string[]
  skipped: number
  givenUp: { waiting: WaitingWrite; error: string }[]
  failure: Failure | undefined
  /** Stores what came of it. */
  store(): void
}

/** Sends those that are due, of some accounts at once. */
export async function retryWaiting(
  webhook: Webhook,
  letters: WebhookLetters,
  parts: DeliverParts,
): Promise<Retried> {
  const due = letters.due(webhook.id, Date.now(), ACCOUNTS)
  const answers = await Promise.all(
    due.map(async (waiting) => {
      const { write, attempts } = waiting
      const answer = await deliver(webhook, write.did, bodyOf(attempts + 1, write), parts)
      return { waiting, answer }
    }),
  )
  const now = Date.now()
  const of = <Kind extends Delivery['kind']>(kind: Kind) =>
    answers.flatMap(({ waiting, answer }) =>
      answer.kind === kind ? { waiting, answer: answer as Extract<Delivery, { kind: Kind }> } : [],
    )
  const isOver = ({ attempts }: WaitingWrite) => attempts + 1 >= MAX_REFUSALS
  const givenUp = of('refused').filter(({ waiting }) => isOver(waiting))
  return {
    tried: due.length,
    taken: of('taken').map(({ waiting }) => waiting.write.did),
    skipped: of('skipped').length,
    givenUp: givenUp.map(({ waiting, answer }) => ({ waiting, error: answer.error })),
    failure: (of('gone')[0] ?? of('unavailable')[0])?.answer,
    store: () => {
      for (const { waiting } of [...of('taken'), ...of('skipped')]) letters.drop(waiting.id)
      for (const { waiting, answer } of of('refused')) {
        const { id, attempts } = waiting
        letters.again(id, answer.error, againAt(attempts + 1, now))
        if (isOver(waiting)) letters.giveUp(id, answer.error, now)
      }
    },
  }
}
