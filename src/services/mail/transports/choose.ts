import type { Env } from '../../../contracts/env.ts'
import { type Config, ConfigError } from '../../../kernel/config/config.ts'
import { mailsLeave } from '../../../kernel/config/mail-settings.ts'
import type { Network } from '../../../kernel/net/network.ts'
import type { DevMails } from '../../../storage/directory/dev-mails.ts'
import { emailBinding } from './email-binding.ts'
import { httpApi } from './http-api.ts'
import { smtpRelay } from './smtp-relay.ts'
import { smtpSocket } from './smtp-socket.ts'
import type { MailTransport } from './transport.ts'

type MailConfig = Pick<
  Config,
  'devMode' | 'hostname' | 'mailApi' | 'sendsBySmtp' | 'sendsByBinding'
>
type MailEnv = Pick<Env, 'MAIL_RELAY' | 'EMAIL' | 'PDS_EMAIL_SMTP_URL'>

/** Whether a host sends mail at all. @throws ConfigError where a setting needs a binding that is not there */
export function sendsMail(config: MailConfig, env: MailEnv): boolean {
  if (config.sendsByBinding && !env.EMAIL) {
    throw new ConfigError(
      'PDS_EMAIL_BINDING: there is no binding EMAIL. On Cloudflare, add it to wrangler.toml (docs/mail.md); with ' +
        '`npm start`, set PDS_EMAIL_SMTP_URL or PDS_EMAIL_API_URL.',
    )
  }
  return config.devMode || mailsLeave(config)
}

/** The transport that the settings ask for; undefined: this host sends no mail. */
export function chooseTransport(
  { devMode, hostname, mailApi, sendsBySmtp, sendsByBinding }: MailConfig,
  env: MailEnv,
  { operator }: Pick<Network, 'operator'>,
  outbox: Pick<DevMails, 'add'>,
): MailTransport | undefined {
  const { PDS_EMAIL_SMTP_URL: smtp = '' } = env
  if (sendsBySmtp) return env.MAIL_RELAY ? smtpRelay(env.MAIL_RELAY) : smtpSocket(smtp, hostname)
  if (sendsByBinding) return env.EMAIL && emailBinding(env.EMAIL)
  if (mailApi) return httpApi(mailApi, operator)
  return devMode ? developmentOutbox(outbox) : undefined
}

/** What is to be sent stays here, to be read at `GET /dev/mail`. */
const developmentOutbox = (outbox: Pick<DevMails, 'add'>): MailTransport => ({
  async send({ id: _, ...mail }) {
    outbox.add(mail)
  },
})
