import type { MailOptions, MailsRpc } from '../../contracts/directory.ts'
import type { Mail } from '../../kernel/mail.ts'
import type { DevMails } from '../../storage/directory/dev-mails.ts'
import type { MailBudgets } from '../../storage/directory/mail-budgets.ts'
import type { Addressee, MailPreferences } from '../../storage/directory/mail-preferences.ts'
import type { MailQueue, MailState } from '../../storage/directory/mail-queue.ts'
import type { Mailings } from '../../storage/directory/mailings.ts'
import { rateLimited, StorageError } from '../../storage/error.ts'
import type { MailSender } from './mail-sender.ts'

/** Mails that one call lists, at most. */
const MAX_LISTED = 100

export interface MailParts {
  storage: DurableObjectStorage
  queue: MailQueue
  budgets: MailBudgets
  preferences: MailPreferences
  mailings: Mailings
  outbox: DevMails
  sender: MailSender
  /** Lets the sender run, once something was queued. */
  start: () => void
  /** Lets messages to all go on. */
  startMailing: () => void
}

/** Mails that are to be sent. */
export class Mails implements MailsRpc {
  readonly #parts: MailParts

  constructor(parts: MailParts) {
    this.#parts = parts
  }

  add(mail: Mail, kind: string, lifetime: number, { did }: MailOptions = {}): Promise<boolean> {
    return this.addWith(mail, kind, lifetime, (queue) => {
      if (did !== undefined && this.#parts.budgets.spend(mail.to, did)) {
        this.noteDropped()
        return false
      }
      queue()
      return true
    })
  }

  /** Lets `work` queue a mail, or not, in one transaction with whatever else it stores. */
  async addWith<T>(
    mail: Mail,
    kind: string,
    lifetime: number,
    work: (queue: () => void) => T,
  ): Promise<T> {
    const { storage, queue, sender, start } = this.#parts
    const sealed = await sender.seal(mail, kind, lifetime)
    return storage.transactionSync(() =>
      work(() => {
        queue.add(sealed)
        start()
      }),
    )
  }

  noteDropped(): void {
    this.#parts.budgets.noteDropped(Date.now())
  }

  spendWish(address: string): void {
    const exceeded = this.#parts.storage.transactionSync(() =>
      this.#parts.budgets.spendWish(address),
    )
    if (exceeded) throw rateLimited(exceeded)
  }

  addressee(did: string): Addressee | undefined {
    return this.#parts.preferences.find(did)
  }

  setLanguage(did: string, language: string): void {
    this.#parts.preferences.setLanguage(did, language)
  }

  setSignInMails(did: string, on: boolean): void {
    this.#parts.preferences.setSignInMails(did, on)
  }

  counts(): { waiting: number; failed: number; dropped: number; lastError: string | undefined } {
    const { queue, budgets } = this.#parts
    return { ...queue.counts(), dropped: budgets.dropped() }
  }

  list(limit: number, cursor?: string): MailState[] {
    return this.#parts.queue.list(Math.min(limit, MAX_LISTED), cursor)
  }

  retry(id: string): void {
    const { storage, queue, start } = this.#parts
    storage.transactionSync(() => {
      if (!queue.retry(id)) {
        throw new StorageError(
          'InvalidRequest',
          'This mail is not there any more, or its time is over',
        )
      }
      start()
    })
  }

  async sendToAll(id: string, mail: Omit<Mail, 'to'>): Promise<void> {
    const { storage, mailings, sender, startMailing } = this.#parts
    const sealed = await sender.sealMailing(mail)
    storage.transactionSync(() => {
      mailings.add(id, sealed)
      startMailing()
    })
  }

  mailings(): { id: string; queued: number; createdAt: number }[] {
    return this.#parts.mailings.list()
  }

  outbox(): Mail[] {
    return this.#parts.outbox.list()
  }
}
