/** What the mails say that carry a token. */
import type { Mail } from '../../kernel/mail.ts'
import { TOKEN_LIFETIME, type TokenPurpose } from '../../storage/directory/email-tokens.ts'
import type { Strings } from './languages/en.ts'
import { fill } from './languages/languages.ts'
import { layOut, type MailConfig, serviceName } from './layout.ts'

interface TokenMail {
  config: MailConfig
  strings: Strings
  handle: string
  from: string
  to: string
  token: string
}

/** The mail that carries a token for this purpose. */
export function composeTokenMail(purpose: TokenPurpose, mail: TokenMail): Mail {
  const { config, strings, handle, from, to, token } = mail
  const { tokens } = strings
  const { asked, otherwise, ...wording } = tokens[purpose]
  const subject = fill(wording.subject, { service: config.branding.name })
  const names = { service: serviceName(config), handle: `@${handle}` }
  const blocks = [
    { paragraph: fill(asked, names) },
    { code: token },
    { paragraph: fill(tokens.lifetime, { minutes: String(TOKEN_LIFETIME / 60_000) }) },
    { paragraph: otherwise },
  ]
  return { from, to, subject, ...layOut(config, { language: strings.tag, subject, blocks }) }
}
