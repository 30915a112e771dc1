/** Cloudflare's e-mail binding (`send_email` in wrangler.toml): it takes a whole message (RFC 5322). */
import type { EmailBinding } from '../../../contracts/env.ts'
import { addressIn, messageOf } from '../../../kernel/mail.ts'
import { MailError, type MailTransport, reasonWithout } from './transport.ts'

/** What Cloudflare says of a recipient that is not allowed, or a sender that is not this host's: it stays so. */
const FINAL = /not allowed|not verified|unverified|invalid|not permitted/i

export const emailBinding = (binding: EmailBinding): MailTransport => ({
  async send(mail) {
    try {
      // Not there on plain workerd, and heavy.
      const { EmailMessage } = await import('cloudflare:email')
      const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
      const raw = await new MailComposer(messageOf(mail)).compile().build()
      await binding.send(new EmailMessage(addressIn(mail.from), mail.to, raw.toString()))
    } catch (cause) {
      const { message = '' } = cause as Partial<Error>
      const isFinal = FINAL.test(message)
      throw new MailError(`e-mail binding: ${reasonWithout(mail.to, message)}`, { isFinal, cause })
    }
  },
})
