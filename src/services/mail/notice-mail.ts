/** Mails that tell an owner what has happened to the account, should it have been somebody else. */
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import type { Strings } from './languages/en.ts'
import { fill, timeIn } from './languages/languages.ts'
import { type Block, layOut, type MailConfig, serviceName } from './layout.ts'

/** What has happened. Names and user agents are what somebody typed or sent. */
export type Notice =
  | { kind: 'passkey added'; name: string }
  | { kind: 'passkey removed' }
  | { kind: 'email changed'; to: string }
  | { kind: 'app password added'; name: string }
  | { kind: 'authenticator app on' }
  | { kind: 'authenticator app off' }
  | { kind: 'codes by mail on' }
  | { kind: 'codes by mail off' }
  | { kind: 'recovery codes made' }
  | { kind: 'new browser'; userAgent: string | null }
  /** With the main password, from where it was not done before. */
  | { kind: 'app sign-in'; userAgent: string | null }
  | { kind: 'password changed'; passkeys: number; appPasswords: readonly string[] }
  /** A did:key that outranks this host's in a did:plc. */
  | { kind: 'recovery key added'; key: string }
  /** `signPlcOperation` has signed what its caller sends to the directory. */
  | { kind: 'identity change signed' }
  | { kind: 'account taken down' }
  | { kind: 'account restored' }
  | { kind: 'data downloaded' }

/** Notices that are for comfort, so that whoever wants none may turn them off; the others are not asked about. */
const OPTIONAL: ReadonlySet<Notice['kind']> = new Set(['new browser', 'app sign-in'])

export const mayBeTurnedOff = ({ kind }: Notice): boolean => OPTIONAL.has(kind)

/** What is not done by somebody who got in: nobody has to change the password. */
const BY_THE_HOST: ReadonlySet<Notice['kind']> = new Set(['account taken down', 'account restored'])

export interface NoticeMail {
  config: MailConfig
  strings: Strings
  handle: string
  from: string
  to: string
  /** When it happened, in ms since the epoch. */
  at: number
  /** Where such mails are turned off; for those that may be. */
  turnOffUrl?: string
}

/** Characters of a name or user agent in a mail. */
const MAX_QUOTED = 100

export function composeNoticeMail(notice: Notice, mail: NoticeMail): Mail {
  const { config, strings, handle, from, to, at, turnOffUrl } = mail
  const { subject: title, said } = strings.notices[notice.kind]
  const subject = fill(title, { service: config.branding.name })
  const values = { service: serviceName(config), handle: `@${handle}` }
  const lines = [fill(said, { ...values, ...valuesOf(notice, strings) }), ...more(notice, strings)]
  const blocks: Block[] = [
    ...lines.map((paragraph) => ({ paragraph })),
    { quiet: fill(strings.time, { time: timeIn(strings, at) }) },
    ...closing(notice, mail),
    ...(turnOffUrl === undefined ? [] : [{ quiet: fill(strings.turnOff, { url: turnOffUrl }) }]),
  ]
  return {
    from,
    to,
    subject,
    ...layOut(config, { language: strings.tag, subject, blocks }),
    ...(turnOffUrl !== undefined && { unsubscribeUrl: turnOffUrl }),
  }
}

function valuesOf(notice: Notice, strings: Strings): Record<string, string> {
  switch (notice.kind) {
    case 'passkey added':
    case 'app password added':
      return { name: quoted(notice.name, strings) }
    case 'email changed':
      return { to: quoted(notice.to, strings) }
    case 'recovery key added':
      return { key: short(notice.key) }
    default:
      return {}
  }
}

function more(notice: Notice, strings: Strings): string[] {
  switch (notice.kind) {
    case 'new browser':
    case 'app sign-in': {
      const { userAgent } = notice
      return userAgent ? [fill(strings.agent, { agent: quoted(userAgent, strings) })] : []
    }
    case 'password changed':
      return stillGood(notice, strings)
    default:
      return []
  }
}

function closing({ kind }: Notice, { config, strings }: NoticeMail): Block[] {
  if (!BY_THE_HOST.has(kind)) {
    const url = `${config.publicUrl}/settings`
    return [{ paragraph: fill(strings.ifNotYou, { url }) }]
  }
  const contact = config.branding.supportUrl?.replace(/^mailto:/, '')
  return contact === undefined ? [] : [{ paragraph: fill(strings.questions, { contact }) }]
}

function stillGood(
  { passkeys, appPasswords }: { passkeys: number; appPasswords: readonly string[] },
  strings: Strings,
): string[] {
  const names = appPasswords.map((name) => quoted(name, strings)).join(strings.listSeparator)
  const still = [
    ...(passkeys > 0 ? [fill(strings.stillPasskeys, { count: String(passkeys) })] : []),
    ...(appPasswords.length > 0 ? [fill(strings.stillAppPasswords, { names })] : []),
  ]
  return still.length === 0 ? [] : [fill(strings.stillGood, { list: still.join('; ') })]
}

const quoted = (text: string, { quotes: { open, close } }: Strings): string =>
  `${open}${short(text)}${close}`

/** On one line, and no longer than a line. */
function short(text: string): string {
  const plain = plainLine(text)
  return plain.length > MAX_QUOTED ? `${plain.slice(0, MAX_QUOTED)}…` : plain
}
