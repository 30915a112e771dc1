import type {
  Webhook,
  WebhookDeliveryRpc,
  WebhookTrial,
  WebhookView,
} from '../../contracts/webhooks.ts'
import { StorageError } from '../../storage/error.ts'
import type { WebhookLetter } from '../../storage/index/webhook-letters.ts'
import { bodyOf, deliver, type Told } from './deliver.ts'
import type { WebhookRunnerParts } from './parts.ts'
import type { WebhookRunner } from './runner.ts'

/** Given up writes in one answer, and that are tried by hand at once. */
const MAX_LETTERS = 100

/** ms in which sendings by hand are begun: whoever asked for them waits. */
const RETRYING = 30_000

/** How webhooks are doing, and what an operator does about them. */
export class WebhookOperator implements WebhookDeliveryRpc {
  readonly #runner: WebhookRunner
  readonly #parts: WebhookRunnerParts

  constructor(runner: WebhookRunner, parts: WebhookRunnerParts) {
    this.#runner = runner
    this.#parts = parts
  }

  wake(head: number): void {
    this.#runner.wake(head)
  }

  adopt(): Promise<void> {
    return this.#runner.adopt()
  }

  async report(): Promise<WebhookView[]> {
    await this.#runner.adopt()
    const { objects, letters } = this.#parts
    const known = this.#runner.all.flatMap((webhook) => {
      const state = this.#runner.stateOf(webhook.id)
      return state ? [{ webhook, state }] : []
    })
    const behind = await objects.sequencer.countAfter(known.map(({ state }) => state.seq))
    return known.map(({ webhook, state }, index) => {
      const { seq, delivered, skipped, lost, attempts, error, failingSince, nextAt } = state
      const { waiting, error: refusal } = letters.waiting(webhook.id)
      return {
        ...webhook,
        ...{ position: seq, behind: behind[index] ?? 0, delivered, skipped, lost, attempts },
        letters: letters.count(webhook.id),
        waiting,
        ...(refusal && { refusal }),
        ...(error !== null && { error }),
        ...(failingSince !== null && { failingSince }),
        ...(attempts > 0 && webhook.paused === null && { nextAt }),
      }
    })
  }

  async test(id: number, did: string): Promise<WebhookTrial> {
    const webhook = await this.#demand(id)
    const begun = Date.now()
    const told: Told = { id: `test-${begun}`, attempt: 1, action: 'test', did }
    const answer = await deliver(webhook, did, JSON.stringify(told), this.#parts)
    if (answer.kind === 'skipped') {
      throw new StorageError('InvalidRequest', 'This account is not on this host, or taken down')
    }
    const ms = Date.now() - begun
    if (answer.kind === 'taken') return { status: answer.status, ms }
    return { ...(answer.status && { status: answer.status }), error: answer.error, ms }
  }

  letters(limit: number, before?: number): WebhookLetter[] {
    return this.#parts.letters.list(Math.min(limit, MAX_LETTERS), before)
  }

  async retry(id?: number): Promise<{ taken: number; left: number }> {
    const { letters } = this.#parts
    const until = Date.now() + RETRYING
    const away = new Set<number>()
    let taken = 0
    for (const one of id === undefined ? letters.oldest(MAX_LETTERS) : [id]) {
      const letter = letters.find(one)
      if (Date.now() > until) break
      if (!letter || away.has(letter.webhook)) continue
      const webhook = await this.#demand(letter.webhook)
      const { write } = letter
      const answer = await deliver(webhook, write.did, bodyOf(2, write), this.#parts)
      if (answer.kind === 'taken' || answer.kind === 'skipped') {
        letters.drop(one)
        taken++
      } else if (answer.kind !== 'refused') away.add(letter.webhook)
    }
    return { taken, left: letters.count() }
  }

  drop(id?: number): number {
    return this.#parts.letters.drop(id)
  }

  /** @throws StorageError `InvalidRequest` */
  async #demand(id: number): Promise<Webhook> {
    const find = () => this.#runner.all.find((one) => one.id === id)
    if (!find()) await this.#runner.adopt()
    const webhook = find()
    if (!webhook) throw new StorageError('InvalidRequest', `There is no webhook ${id}`)
    return webhook
  }
}
