import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Mail } from '../../kernel/mail.ts'
import { MailError, type MailTransport } from '../../services/mail/transports/transport.ts'
import type { DueMail, MailQueue, QueuedMail } from '../../storage/directory/mail-queue.ts'
import type { Job } from '../scheduler.ts'

/** What the key is derived for that encrypts queued mails. */
export const QUEUED_MAIL = 'queued mail'

/** Mails that are read from the queue at once, and sent one after the other. */
const BATCH = 20

/** The pause after the first failure, doubled with each further one up to the longest, in ms. */
const FIRST_PAUSE = 3_000
const LONGEST_PAUSE = 60 * 60 * 1000

export interface MailSenderParts {
  queue: MailQueue
  /** Undefined: this host sends no mail. */
  transport: MailTransport | undefined
  /** What mails are encrypted under: the first. */
  secrets: readonly string[]
  log: () => Pick<Logger, 'error'>
}

/**
 * Sends what is in the queue. A mail leaves the queue when the transport has taken it over, so that a crash in between
 * makes it be offered once more, under the same id.
 */
export class MailSender implements Job {
  readonly name = 'send mails'
  readonly #parts: MailSenderParts

  constructor(parts: MailSenderParts) {
    this.#parts = parts
  }

  due(): number | undefined {
    return this.#parts.transport && this.#parts.queue.nextDue()
  }

  async run(): Promise<void> {
    const { queue, transport } = this.#parts
    if (!transport) return
    // Again and again, as others may come meanwhile.
    for (let due = queue.due(Date.now(), BATCH); due.length > 0; ) {
      for (const mail of due) await this.#send(mail, transport)
      due = queue.due(Date.now(), BATCH)
    }
  }

  /** A mail as it is queued. */
  async seal(mail: Mail, kind: string, lifetime: number): Promise<QueuedMail> {
    const bytes = new TextEncoder().encode(JSON.stringify(mail))
    return {
      id: crypto.randomUUID(),
      recipient: mail.to,
      kind,
      sealed: await encrypt(this.#parts.secrets[0] ?? '', QUEUED_MAIL, bytes),
      expiresAt: Date.now() + lifetime,
    }
  }

  /** A message to all accounts, without recipient. */
  sealMailing(mail: Omit<Mail, 'to'>): Promise<Uint8Array> {
    const bytes = new TextEncoder().encode(JSON.stringify(mail))
    return encrypt(this.#parts.secrets[0] ?? '', QUEUED_MAIL, bytes)
  }

  async openMailing(sealed: Uint8Array): Promise<Omit<Mail, 'to'>> {
    const bytes = await decrypt(this.#parts.secrets, QUEUED_MAIL, sealed)
    return JSON.parse(new TextDecoder().decode(bytes)) as Omit<Mail, 'to'>
  }

  async #send(queued: DueMail, transport: MailTransport): Promise<void> {
    const { queue, secrets, log } = this.#parts
    const { id, kind, attempts } = queued
    const giveUp = (why: string, error?: unknown) => {
      log().error('a mail was given up', error ?? why, { mail: id, kind, attempts, why })
      queue.fail(id, why)
    }
    if (queued.expiresAt <= Date.now()) return giveUp('it was too late')
    try {
      const bytes = await decrypt(secrets, QUEUED_MAIL, queued.sealed)
      const mail = JSON.parse(new TextDecoder().decode(bytes)) as Mail
      await transport.send({ id, ...mail })
      queue.remove(id)
    } catch (error) {
      const why = error instanceof MailError ? error.message : 'it could not be read'
      if (!(error instanceof MailError) || error.isFinal) return giveUp(why, error)
      log().error('a mail was not sent', error, { mail: id, kind, attempts: attempts + 1 })
      const pause = Math.min(FIRST_PAUSE * 2 ** attempts, LONGEST_PAUSE)
      queue.postpone(id, Date.now() + pause, why)
    }
  }
}
