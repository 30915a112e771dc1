import type { MailsRpc } from '../../contracts/directory.ts'
import type { Mail } from '../../kernel/mail.ts'
import type { DevMails } from '../../storage/directory/dev-mails.ts'
import type { MailQueue } from '../../storage/directory/mail-queue.ts'
import type { MailSender } from './mail-sender.ts'

/** Mails that are to be sent. */
export class Mails implements MailsRpc {
  readonly #storage: DurableObjectStorage
  readonly #queue: MailQueue
  readonly #outbox: DevMails
  readonly #sender: MailSender
  readonly #start: () => void

  /** @param start lets the sender run, once something was queued */
  constructor(
    storage: DurableObjectStorage,
    queue: MailQueue,
    outbox: DevMails,
    sender: MailSender,
    start: () => void,
  ) {
    this.#storage = storage
    this.#queue = queue
    this.#outbox = outbox
    this.#sender = sender
    this.#start = start
  }

  add(mail: Mail, kind: string, lifetime: number): Promise<void> {
    return this.addWith(mail, kind, lifetime, (queue) => queue())
  }

  /** Lets `work` queue a mail, or not, in one transaction with whatever else it stores. */
  async addWith<T>(
    mail: Mail,
    kind: string,
    lifetime: number,
    work: (queue: () => void) => T,
  ): Promise<T> {
    const sealed = await this.#sender.seal(mail, kind, lifetime)
    return this.#storage.transactionSync(() =>
      work(() => {
        this.#queue.add(sealed)
        this.#start()
      }),
    )
  }

  counts(): { waiting: number; failed: number; lastError: string | undefined } {
    return this.#queue.counts()
  }

  outbox(): Mail[] {
    return this.#outbox.list()
  }
}
