import type { Config } from '../../../kernel/config/config.ts'
import type { Network } from '../../../kernel/net/network.ts'
import type { DevMails } from '../../../storage/directory/dev-mails.ts'
import { httpApi } from './http-api.ts'
import type { MailTransport } from './transport.ts'

/** Whether a host sends mail at all. */
export const sendsMail = ({ devMode, mailApi }: Pick<Config, 'devMode' | 'mailApi'>): boolean =>
  devMode || mailApi !== undefined

/** The transport that the settings ask for; undefined: this host sends no mail. */
export function chooseTransport(
  { devMode, mailApi }: Pick<Config, 'devMode' | 'mailApi'>,
  { operator }: Pick<Network, 'operator'>,
  outbox: Pick<DevMails, 'add'>,
): MailTransport | undefined {
  if (mailApi) return httpApi(mailApi, operator)
  return devMode ? developmentOutbox(outbox) : undefined
}

/** What is to be sent stays here, to be read at `GET /dev/mail`. */
const developmentOutbox = (outbox: Pick<DevMails, 'add'>): MailTransport => ({
  async send({ id: _, ...mail }) {
    outbox.add(mail)
  },
})
