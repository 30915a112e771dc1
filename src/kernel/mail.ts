/** A mail, ready to be sent. */
export interface Mail {
  from: string
  to: string
  subject: string
  text: string
  html: string
  /** Where such mails are turned off, by a POST of whoever has the URL (RFC 8058). */
  unsubscribeUrl?: string
}

/** A mail on its way. */
export interface OutgoingMail extends Mail {
  /** The same for each attempt at the same mail, so that who has it already can tell. */
  id: string
}

/** Why the process that speaks SMTP (`cli/host/mail-relay.ts`) did not send a mail. */
export interface RelayRefusal {
  message: string
  /** Another attempt would end the same. */
  isFinal: boolean
}

/** What mail programs are told: nobody answers these mails, and no machine should (RFC 3834). */
export const headersOf = ({ unsubscribeUrl }: Mail): Record<string, string> => ({
  'Auto-Submitted': 'auto-generated',
  ...(unsubscribeUrl !== undefined && {
    'List-Unsubscribe': `<${unsubscribeUrl}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }),
})

/** A mail as nodemailer composes it. */
export const messageOf = (mail: OutgoingMail) => ({
  from: mail.from,
  to: mail.to,
  subject: mail.subject,
  text: mail.text,
  html: mail.html,
  messageId: `<${mail.id}@${mail.from.split('@').at(-1)?.replace(/>$/, '')}>`,
  headers: headersOf(mail),
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Refused for good (RFC 5321, 4.2.1). Of a wrong password the operator hears, and mends it: that is for later. */
export const isFinalReply = (code: number | undefined): boolean =>
  code !== undefined && code >= 550 && code < 560

/** The address alone of `Name <address>`. */
export const addressIn = (from: string): string => /<([^<>]*)>\s*$/.exec(from)?.[1] ?? from
