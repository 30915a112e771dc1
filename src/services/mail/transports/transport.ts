/** How mails leave this host. A new transport is one more implementation, chosen in `choose.ts`. */
import type { OutgoingMail } from '../../../kernel/mail.ts'
import { plainLine } from '../../../kernel/typed-text.ts'

export interface MailTransport {
  /**
   * Takes a mail over; it may still take its time to arrive.
   *
   * @throws MailError when it was not taken over, or nobody knows
   */
  send(mail: OutgoingMail): Promise<void>
}

/** Characters of a reason that are told. */
const MAX_REASON = 200

/** Why a mail was not taken over, as somebody else put it: on one line, and without the address that it was for. */
export const reasonWithout = (address: string, said: string): string =>
  plainLine(said).replaceAll(address, '…').slice(0, MAX_REASON)

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
