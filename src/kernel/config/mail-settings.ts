/** How mails leave a host, and who they are from. */
import { choice, flag, mailApi, type PerHourAndDay, perHourAndDay, smtpUrl, text } from './kinds.ts'
import type { MailApi } from './mail-url.ts'

/** Languages that mails are written in. */
export const mailLanguages = ['en', 'de', 'pt', 'ja', 'es', 'fr'] as const

export type Language = (typeof mailLanguages)[number]

export const mailSettings = {
  PDS_EMAIL_SMTP_URL: smtpUrl(
    'no mail is sent',
    'SMTP server that mails leave through: `smtps://<user>:<password>@<host>`, or `smtp://` for one ' +
      'that begins without TLS (docs/mail.md).',
  ),
  PDS_EMAIL_API_URL: mailApi(
    'no mail is sent',
    'Service that mails leave through: `resend://<key>`, `postmark://<token>`, `mailgun://<key>@<domain>`, ' +
      '`ses://<key id>:<secret>@<region>`, each with `?endpoint=<URL>` for another address of the service, or the URL of ' +
      'a webhook that is sent `{id, from, to, subject, text, html}` as JSON (docs/mail.md).',
  ),
  PDS_EMAIL_BINDING: flag(
    'false',
    'Mails leave through the e-mail binding `EMAIL` of Cloudflare (docs/mail.md).',
  ),
  PDS_EMAIL_FROM_ADDRESS: text('`noreply@<hostname>`', 'Sender of mails.'),
  PDS_DEFAULT_LANGUAGE: choice(
    'en',
    mailLanguages,
    'Language of mails to whoever has not shown another one: `en`, `de`, `pt`, `ja`, `es` or `fr`.',
  ),
  PDS_EMAIL_MAX_PER_ADDRESS: perHourAndDay(
    '12/40; none in development',
    'Mails to one address in an hour and in a day, as `12/40`; `none` for no limit (docs/mail.md).',
  ),
  PDS_EMAIL_MAX_PER_ACCOUNT: perHourAndDay(
    '20/60; none in development',
    'Mails about one account in an hour and in a day.',
  ),
  PDS_EMAIL_MAX_PER_HOST: perHourAndDay(
    '1000/5000; none in development',
    'Mails of this host in an hour and in a day: what the service that sends them allows.',
  ),
} as const

export type { PerHourAndDay }

/** Undefined: as many as there are. */
export interface MailBudgetLimits {
  address: PerHourAndDay | undefined
  account: PerHourAndDay | undefined
  host: PerHourAndDay | undefined
}

export interface MailSettings {
  mailFrom: string
  /** Of mails to whoever has not shown another one. */
  defaultLanguage: Language
  mailBudgets: MailBudgetLimits
  /** The service that mails leave through. */
  mailApi: MailApi | undefined
  /** Mails leave by SMTP; where to is known to what sends them. */
  sendsBySmtp: boolean
  /** Mails leave through Cloudflare's binding. */
  sendsByBinding: boolean
  /** Host name of the service or server that mails leave through. */
  mailHost: string | undefined
}

type Parsed = {
  [Name in keyof typeof mailSettings]?: ReturnType<(typeof mailSettings)[Name]['parse']>
}

/** Settings that name a way for mails to leave. */
const waysIn = (parsed: Readonly<Parsed>) =>
  (['PDS_EMAIL_API_URL', 'PDS_EMAIL_SMTP_URL', 'PDS_EMAIL_BINDING'] as const).filter(
    (name) => parsed[name],
  )

export function mailProblems(parsed: Readonly<Parsed>): string[] {
  const ways = waysIn(parsed)
  return ways.length > 1
    ? [`${ways.join(' and ')}: mails leave one way only. Unset all but one.`]
    : []
}

/** Whether mails reach people, if only a developer's outbox. */
export const sendsMail = (
  parsed: Readonly<Parsed> & { PDS_DEV_MODE?: boolean | undefined },
): boolean => waysIn(parsed).length > 0 || parsed.PDS_DEV_MODE === true

/** Whether mails leave the host; a developer's outbox is no way out. */
export const mailsLeave = ({
  mailApi,
  sendsBySmtp,
  sendsByBinding,
}: Pick<MailSettings, 'mailApi' | 'sendsBySmtp' | 'sendsByBinding'>): boolean =>
  mailApi !== undefined || sendsBySmtp || sendsByBinding

export const readMailSettings = (
  parsed: Readonly<Parsed>,
  { hostname, devMode }: { hostname: string; devMode: boolean },
): MailSettings => ({
  mailFrom: parsed.PDS_EMAIL_FROM_ADDRESS ?? `noreply@${hostname}`,
  defaultLanguage: parsed.PDS_DEFAULT_LANGUAGE ?? 'en',
  mailBudgets: {
    address: budget(parsed.PDS_EMAIL_MAX_PER_ADDRESS, devMode, { hour: 12, day: 40 }),
    account: budget(parsed.PDS_EMAIL_MAX_PER_ACCOUNT, devMode, { hour: 20, day: 60 }),
    host: budget(parsed.PDS_EMAIL_MAX_PER_HOST, devMode, { hour: 1000, day: 5000 }),
  },
  mailApi: parsed.PDS_EMAIL_API_URL,
  sendsBySmtp: parsed.PDS_EMAIL_SMTP_URL !== undefined,
  sendsByBinding: parsed.PDS_EMAIL_BINDING === true,
  mailHost: hostOf(parsed.PDS_EMAIL_SMTP_URL ?? parsed.PDS_EMAIL_API_URL?.endpoint),
})

/** `none` is read as it stands, whatever the kind of a setting. */
const budget = (
  given: PerHourAndDay | string | undefined,
  devMode: boolean,
  otherwise: PerHourAndDay,
): PerHourAndDay | undefined =>
  typeof given === 'object' ? given : given !== undefined || devMode ? undefined : otherwise

const hostOf = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : URL.parse(url)?.hostname
