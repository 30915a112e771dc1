/** How mails leave this host. A new transport is one more implementation, chosen in `choose.ts`. */
import type { OutgoingMail } from '../../../kernel/mail.ts'

export interface MailTransport {
  /**
   * Takes a mail over; it may still take its time to arrive.
   *
   * @throws MailError when it was not taken over, or nobody knows
   */
  send(mail: OutgoingMail): Promise<void>
}

/** A mail was not taken over. The message is for the operator, and says nothing of the mail itself. */
export class MailError extends Error {
  override name = 'MailError'
  /** Another attempt would end the same. */
  readonly isFinal: boolean

  constructor(message: string, { isFinal, cause }: { isFinal: boolean; cause?: unknown }) {
    super(message, { cause })
    this.isFinal = isFinal
  }
}
