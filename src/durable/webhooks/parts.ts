import type { Logger } from '../../kernel/log.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { WebhookLetters } from '../../storage/index/webhook-letters.ts'
import type { WebhookStates } from '../../storage/index/webhook-states.ts'
import type { DeliverParts } from './deliver.ts'

/** What webhooks are served with. */
export interface WebhookRunnerParts extends DeliverParts {
  states: WebhookStates
  letters: WebhookLetters
  objects: HostObjects
  transaction(work: () => void): void
  log(): Logger
  /** Has the job run, and the alarm look after it, should the object end. */
  start(): void
  /** To be called when the time at which something is due has changed; the time counts when the run is over that is under way. */
  reschedule(): void
}
