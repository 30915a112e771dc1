/** How mails leave this host. A new transport is one more implementation, chosen in `chooseTransport`. */
import type { Config } from '../../kernel/config/config.ts'
import type { Mail } from '../../storage/directory/dev-mails.ts'
import type { HostObjects } from '../objects/stubs.ts'

export interface MailTransport {
  /** Takes a mail over; it may still take its time to arrive. Throws when it could not be taken over. */
  send(mail: Mail): Promise<void>
  /** What it was given, where that can be read. */
  outbox?(): Promise<Mail[]>
}

/** The transport that the settings ask for; undefined: this host sends no mail. */
export const chooseTransport = (
  { devMode }: Pick<Config, 'devMode'>,
  objects: Pick<HostObjects, 'directory'>,
): MailTransport | undefined => (devMode ? developmentOutbox(objects) : undefined)

/** What is to be sent stays here, to be read at `GET /dev/mail`. */
const developmentOutbox = (objects: Pick<HostObjects, 'directory'>): MailTransport => ({
  send: (mail) => objects.directory.mails.add(mail),
  outbox: () => objects.directory.mails.list(),
})
