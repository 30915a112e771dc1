/** How mails leave this host, in words. */
import type { Services } from '../../../context/services.ts'

export function wayOfMails({ config, mail }: Pick<Services, 'config' | 'mail'>): string {
  if (config.mailApi) {
    const { service } = config.mailApi
    return service === 'webhook' ? 'by a webhook' : `by the API of ${service}`
  }
  if (config.sendsBySmtp) return `by SMTP, through ${config.mailHost ?? 'a server'}`
  if (config.sendsByBinding) return 'by Cloudflare’s e-mail binding'
  return mail.sends ? 'not at all: in development they are at /dev/mail' : 'not at all'
}
