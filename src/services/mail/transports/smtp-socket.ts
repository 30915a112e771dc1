/** SMTP from a Worker on Cloudflare; plain workerd leaves it to the process that started it (`smtp-relay.ts`). */
import { isFinalReply } from '../../../kernel/mail.ts'
import { MailError, type MailTransport, reasonWithout } from './transport.ts'

/** @param hostname of this host, as which it introduces itself */
export const smtpSocket = (url: string, hostname: string): MailTransport => ({
  async send(mail) {
    const { sendBySocket } = await import('./smtp-client.ts')
    try {
      await sendBySocket(url, mail, hostname)
    } catch (cause) {
      const { message = '', responseCode } = cause as Partial<Error> & { responseCode?: number }
      const isFinal = isFinalReply(responseCode)
      throw new MailError(`SMTP: ${reasonWithout(mail.to, message)}`, { isFinal, cause })
    }
  },
})
