/** A mail, ready to be sent. */
export interface Mail {
  from: string
  to: string
  subject: string
  text: string
  html: string
}

/** A mail on its way. */
export interface OutgoingMail extends Mail {
  /** The same for each attempt at the same mail, so that who has it already can tell. */
  id: string
}

/** Why the process that speaks SMTP (`cli/mail-relay.ts`) did not send a mail. */
export interface RelayRefusal {
  message: string
  /** Another attempt would end the same. */
  isFinal: boolean
}
