/** What somebody is told whose sign-up the operator has decided on. */
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import { document, paragraph } from './html.ts'

export interface SignUpMail {
  hostname: string
  publicUrl: string
  handle: string
  from: string
  to: string
}

/** @param decision `refused`: with what the operator says, which may be empty */
export function composeSignUpMail(
  decision: { approved: true } | { approved: false; reason: string },
  { hostname, publicUrl, handle, from, to }: SignUpMail,
): Mail {
  const parts = decision.approved
    ? [
        `Your account @${handle} on ${hostname} was approved.`,
        `You can sign in with any app of the network, with ${publicUrl} as its host.`,
      ]
    : [
        `Your sign-up as @${handle} on ${hostname} was not approved, and all that was stored of it is deleted.`,
        ...(decision.reason === '' ? [] : [plainLine(decision.reason)]),
      ]
  const what = decision.approved ? 'Your account was approved' : 'Your sign-up was not approved'
  return {
    from,
    to,
    subject: `${what} on ${hostname}`,
    text: `${parts.join('\n\n')}\n`,
    html: document(...parts.map(paragraph)),
  }
}
