/** SMTP on plain workerd: the process that started it speaks it (`cli/host/mail-relay.ts`). */

import type { OutgoingMail, RelayRefusal } from '../../../kernel/mail.ts'
import { MailError, type MailTransport, reasonWithout } from './transport.ts'

/** ms; SMTP takes several turns, and some servers wait on purpose. */
const TIMEOUT = 90_000

export const smtpRelay = (relay: Pick<Fetcher, 'fetch'>): MailTransport => ({
  async send(mail) {
    let response: Response
    try {
      response = await relay.fetch('http://mail/', {
        method: 'POST',
        body: JSON.stringify(mail satisfies OutgoingMail),
        signal: AbortSignal.timeout(TIMEOUT),
      })
    } catch (cause) {
      throw new MailError('SMTP: no answer', { isFinal: false, cause })
    }
    if (response.ok) return
    const { message, isFinal } = (await response.json()) as RelayRefusal
    throw new MailError(`SMTP: ${reasonWithout(mail.to, message)}`, { isFinal })
  },
})
