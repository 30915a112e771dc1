/** The seam through which mails leave. Real transports are chosen here, once there are some. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import type { Mail } from '../../storage/directory/dev-mails.ts'

export interface Mailer {
  /** Takes a mail over; it may still take its time to arrive. Throws when it could not be taken over. */
  send(mail: Mail): Promise<void>
}

/** What is to be sent stays here, to be read at `GET /dev/mail`. */
class DevOutbox implements Mailer {
  readonly #app: App
  constructor(app: App) {
    this.#app = app
  }

  async send(mail: Mail): Promise<void> {
    await this.#app.directory.keepMail(mail)
  }
}

/** How this host sends mail. @throws InvalidRequestError when it does not */
export function mailerOf(app: App): Mailer {
  if (app.config.devMode) return new DevOutbox(app)
  const { contactEmail } = app.config
  const help = contactEmail === undefined ? '' : `; its operator can help: ${contactEmail}`
  throw new InvalidRequestError(`This host cannot send mail${help}`)
}

/** The mails that a host in development would have sent, newest last; undefined on any other host. */
export async function devMails(app: App): Promise<Mail[] | undefined> {
  return app.config.devMode ? app.directory.keptMails() : undefined
}
