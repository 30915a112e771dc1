import type { HostObjects } from '../../services/objects/stubs.ts'
import type { ModerationOutbox } from '../../storage/account/moderation-outbox.ts'
import {
  type ModerationAction,
  type ModerationNote,
  type ModerationSubject,
  moderationEntry,
} from '../../storage/moderation.ts'
import type { Job, Scheduler } from '../scheduler.ts'

/** Entries sent to the directory at once. */
const BATCH = 100

/** Hands over to the directory's log what moderators did with this account, in order. */
export const logModeration = (
  outbox: ModerationOutbox,
  objects: Pick<HostObjects, 'directory'>,
): Job => ({
  name: 'log moderation',
  due: () => (outbox.isEmpty() ? undefined : Date.now()),
  async run() {
    for (let next = outbox.peek(BATCH); next; next = outbox.peek(BATCH)) {
      await objects.directory.moderation.append(next.entries)
      outbox.confirm(next.upTo)
    }
  },
})

/** Notes what moderators do. */
export class ModerationNotes {
  readonly #outbox: ModerationOutbox
  readonly #scheduler: () => Pick<Scheduler, 'start' | 'finished'>
  readonly #job: Job

  constructor(
    outbox: ModerationOutbox,
    scheduler: () => Pick<Scheduler, 'start' | 'finished'>,
    job: Job,
  ) {
    this.#outbox = outbox
    this.#scheduler = scheduler
    this.#job = job
  }

  /** To be called in the transaction of the change. */
  add(
    action: ModerationAction,
    subject: ModerationSubject,
    note: ModerationNote,
    ref: string | null = null,
  ): void {
    this.#outbox.add(moderationEntry(action, subject, note, ref))
  }

  /**
   * To be called after the transaction, in the same turn: from then on a crash only delays the log. Resolves when the
   * directory has the notes, or could not be reached.
   */
  async send(): Promise<void> {
    this.#scheduler().start(this.#job)
    await this.#scheduler().finished(this.#job)
  }
}
