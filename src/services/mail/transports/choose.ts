import type { Env } from '../../../contracts/env.ts'
import { type Config, ConfigError } from '../../../kernel/config/config.ts'
import type { Network } from '../../../kernel/net/network.ts'
import type { DevMails } from '../../../storage/directory/dev-mails.ts'
import { httpApi } from './http-api.ts'
import { smtpRelay } from './smtp-relay.ts'
import type { MailTransport } from './transport.ts'

type MailConfig = Pick<Config, 'devMode' | 'mailApi' | 'sendsBySmtp'>
type MailEnv = Pick<Env, 'MAIL_RELAY'>

/** Whether a host sends mail at all. @throws ConfigError where it would have to be sent by SMTP, and cannot be */
export function sendsMail({ devMode, mailApi, sendsBySmtp }: MailConfig, env: MailEnv): boolean {
  if (sendsBySmtp && !env.MAIL_RELAY) {
    throw new ConfigError(
      'PDS_EMAIL_SMTP_URL: only `npm start` sends by SMTP: set PDS_EMAIL_API_URL',
    )
  }
  return devMode || sendsBySmtp || mailApi !== undefined
}

/** The transport that the settings ask for; undefined: this host sends no mail. */
export function chooseTransport(
  { devMode, mailApi, sendsBySmtp }: MailConfig,
  env: MailEnv,
  { operator }: Pick<Network, 'operator'>,
  outbox: Pick<DevMails, 'add'>,
): MailTransport | undefined {
  if (sendsBySmtp) return env.MAIL_RELAY && smtpRelay(env.MAIL_RELAY)
  if (mailApi) return httpApi(mailApi, operator)
  return devMode ? developmentOutbox(outbox) : undefined
}

/** What is to be sent stays here, to be read at `GET /dev/mail`. */
const developmentOutbox = (outbox: Pick<DevMails, 'add'>): MailTransport => ({
  async send({ id: _, ...mail }) {
    outbox.add(mail)
  },
})
