/** How mails leave a host, and who they are from. */
import { mailApi, smtpUrl, text } from './kinds.ts'

export const mailSettings = {
  PDS_EMAIL_SMTP_URL: smtpUrl(
    'no mail is sent',
    'SMTP server that mails leave through, with `npm start`: `smtps://<user>:<password>@<host>`, or `smtp://` for one ' +
      'that begins without TLS (docs/mail.md).',
  ),
  PDS_EMAIL_API_URL: mailApi(
    'no mail is sent',
    'Service that mails leave through: `resend://<key>`, `postmark://<token>`, `mailgun://<key>@<domain>`, ' +
      '`ses://<key id>:<secret>@<region>`, each with `?endpoint=<URL>` for another address of the service, or the URL of ' +
      'a webhook that is sent `{id, from, to, subject, text, html}` as JSON (docs/mail.md).',
  ),
  PDS_EMAIL_FROM_ADDRESS: text('`noreply@<hostname>`', 'Sender of mails.'),
} as const
