/** How mails leave this host, in words. */
import type { Services } from '../../../context/services.ts'

export function wayOfMails({ config, mail }: Pick<Services, 'config' | 'mail'>): string {
  if (config.mailApi) return `by the API of ${config.mailApi.service}`
  if (config.sendsBySmtp) return `by SMTP, through ${config.mailHost ?? 'a server'}`
  if (config.sendsByBinding) return 'by Cloudflare’s e-mail binding'
  return mail.sends ? 'not at all: in development they are at /dev/mail' : 'not at all'
}
