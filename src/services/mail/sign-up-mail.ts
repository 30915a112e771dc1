/** What somebody is told whose sign-up waits, or has been decided on. */
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import type { Strings } from './languages/en.ts'
import { fill } from './languages/languages.ts'
import { layOut, type MailConfig, serviceName } from './layout.ts'

export interface SignUpMail {
  config: MailConfig
  strings: Strings
  handle: string
  from: string
  to: string
}

/** What became of a sign-up; a refusal with what the operator says, which may be empty. */
export type SignUpNews = { is: 'waiting' } | { is: 'approved' } | { is: 'refused'; reason: string }

export function composeSignUpMail(
  news: SignUpNews,
  { config, strings, handle, from, to }: SignUpMail,
): Mail {
  const texts = strings.signUps[news.is]
  const values = {
    service: serviceName(config),
    handle: `@${handle}`,
    host: config.publicUrl,
    url: `${config.publicUrl}/settings`,
    reason: news.is === 'refused' ? plainLine(news.reason) : '',
  }
  const subject = fill(texts.subject, { service: config.branding.name })
  const blocks = [texts.said, texts.next]
    .map((text) => fill(text, values))
    .filter((text) => text !== '')
    .map((paragraph) => ({ paragraph }))
  return { from, to, subject, ...layOut(config, { language: strings.tag, subject, blocks }) }
}
