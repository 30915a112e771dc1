import { hasCollectionFile } from '../../kernel/collection-files.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { ModerationOutbox } from '../../storage/account/moderation-outbox.ts'
import type { Repo } from '../../storage/account/repo.ts'
import {
  type ModerationAction,
  type ModerationNote,
  type ModerationSubject,
  moderationEntry,
} from '../../storage/moderation.ts'
import type { Job, Scheduler } from '../scheduler.ts'

/** Entries sent to the directory at once. */
const BATCH = 100

/**
 * Hands over to the directory's log what moderators did with this account, in order, and tells the host's index which
 * records may be seen.
 */
export const logModeration = (
  outbox: ModerationOutbox,
  objects: Pick<HostObjects, 'directory' | 'hostIndex'>,
  repo: Pick<Repo, 'takedowns' | 'headStrings'>,
): Job => ({
  name: 'log moderation',
  due: () => (outbox.isEmpty() ? undefined : Date.now()),
  async run() {
    for (let next = outbox.peek(BATCH); next; next = outbox.peek(BATCH)) {
      for (const { subject } of next.entries) await tellIndex(subject, objects, repo)
      await objects.directory.moderation.append(next.entries)
      outbox.confirm(next.upTo)
    }
  },
})

/** How it is now, whatever was done since: the firehose does not tell. */
async function tellIndex(
  subject: ModerationSubject,
  { hostIndex }: Pick<HostObjects, 'hostIndex'>,
  repo: Pick<Repo, 'takedowns' | 'headStrings'>,
): Promise<void> {
  if (subject.kind !== 'record') return
  const { did, path } = subject
  if (!hasCollectionFile(path.slice(0, path.indexOf('/')))) return
  const isTakenDown = repo.takedowns.find(path) !== undefined
  await hostIndex.takedowns.set(did, path, isTakenDown ? repo.headStrings().rev : null)
}

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
