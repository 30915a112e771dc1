/** What somebody is told whose sign-up waits, or has been decided on. */
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import { layOut, type MailConfig } from './layout.ts'

export interface SignUpMail {
  config: MailConfig
  handle: string
  from: string
  to: string
}

/** What became of a sign-up; a refusal with what the operator says, which may be empty. */
export type SignUpNews = { is: 'waiting' } | { is: 'approved' } | { is: 'refused'; reason: string }

const SUBJECTS: Readonly<Record<SignUpNews['is'], string>> = {
  waiting: 'Your sign-up waits for approval',
  approved: 'Your account was approved',
  refused: 'Your sign-up was not approved',
}

export function composeSignUpMail(
  news: SignUpNews,
  { config, handle, from, to }: SignUpMail,
): Mail {
  const subject = `${SUBJECTS[news.is]} on ${config.hostname}`
  const blocks = partsOf(news, config, handle).map((paragraph) => ({ paragraph }))
  return { from, to, subject, ...layOut(config, { language: 'en', subject, blocks }) }
}

function partsOf(news: SignUpNews, { hostname, publicUrl }: MailConfig, handle: string): string[] {
  if (news.is === 'waiting') {
    return [
      `Your account @${handle} on ${hostname} was made. It waits for the approval of the host's operator, and nobody sees it before.`,
      `You are told by mail when it is decided on. Until then you can confirm your address, or delete the account, at ${publicUrl}/account.`,
    ]
  }
  return news.is === 'approved'
    ? [
        `Your account @${handle} on ${hostname} was approved.`,
        `You can sign in with any app of the network, with ${publicUrl} as its host.`,
      ]
    : [
        `Your sign-up as @${handle} on ${hostname} was not approved, and all that was stored of it is deleted.`,
        ...(news.reason === '' ? [] : [plainLine(news.reason)]),
      ]
}
