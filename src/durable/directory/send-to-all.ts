import type { MailPreferences } from '../../storage/directory/mail-preferences.ts'
import type { MailQueue } from '../../storage/directory/mail-queue.ts'
import type { Mailings } from '../../storage/directory/mailings.ts'
import type { Job } from '../scheduler.ts'
import type { MailSender } from './mail-sender.ts'

/** Accounts that are read at once, and whose mails are queued in one transaction. */
const PAGE = 50

/** So many mails wait at most before more are queued, and how long that takes, in ms. */
const MAX_WAITING = 200
const PAUSE = 30_000

/** How long a message is worth something, in ms. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000

export interface SendToAllParts {
  storage: DurableObjectStorage
  mailings: Mailings
  preferences: MailPreferences
  queue: MailQueue
  sender: MailSender
  /** Lets the sender run. */
  start: () => void
}

/**
 * Queues messages to all accounts, page by page. A page and how far the message has got are one transaction: whatever
 * ends the work in between, each account is mailed once.
 */
export class SendToAll implements Job {
  readonly name = 'send to all'
  readonly #parts: SendToAllParts

  constructor(parts: SendToAllParts) {
    this.#parts = parts
  }

  due(): number | undefined {
    const { mailings, queue } = this.#parts
    return mailings.next() && queue.waiting(MAX_WAITING) < MAX_WAITING ? Date.now() : undefined
  }

  async run(): Promise<void> {
    const { mailings, queue } = this.#parts
    for (let page = mailings.next(); page; page = mailings.next()) {
      if (queue.waiting(MAX_WAITING) >= MAX_WAITING) return
      await this.#queuePage(page)
    }
  }

  /** Others wait until these have left. */
  repeatAfter(): number | undefined {
    return this.#parts.mailings.next() && PAUSE
  }

  async #queuePage({ id, sealed, cursor }: NonNullable<ReturnType<Mailings['next']>>) {
    const { storage, mailings, preferences, queue, sender, start } = this.#parts
    const mail = await sender.openMailing(sealed)
    const page = preferences.list(PAGE, cursor)
    const mails = await Promise.all(
      page.found.map(({ email }) =>
        sender.seal({ ...mail, to: email ?? '' }, 'message to all', LIFETIME),
      ),
    )
    storage.transactionSync(() => {
      for (const one of mails) queue.add(one)
      mailings.advance(id, mails.length, page.cursor)
      if (mails.length > 0) start()
    })
  }
}
