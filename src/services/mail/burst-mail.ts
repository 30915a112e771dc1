/** What the operator is told when sign-ups look like abuse. */
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import type { BurstEpisode } from '../../storage/directory/burst-rules.ts'
import { layOut, type MailConfig } from './layout.ts'

export function composeBurstMail(
  { count, networks, limit, domain, since }: BurstEpisode,
  { config, from, to }: { config: MailConfig; from: string; to: string },
): Mail {
  const { hostname } = config
  const whose = domain === null ? '' : ` with addresses at ${plainLine(domain)}`
  const parts = [
    `${count} accounts were made on ${hostname}${whose} in the hour before ${new Date(since).toISOString()}, from ` +
      `${networks} ${networks === 1 ? 'network' : 'networks'}.`,
    `That is more than usual. Until it is over, one is let in every ${Math.ceil(3600 / limit)} seconds, and the others ` +
      'are asked to try again later.',
    'If it is abuse: PDS_REGISTRATION=approval or invite holds it back, and so does hCaptcha. If it is not, raise ' +
      'PDS_SIGNUP_BURST. docs/operating.md says more. You are told once until there was an hour without.',
  ]
  const subject = `Many sign-ups on ${hostname}`
  const blocks = parts.map((paragraph) => ({ paragraph }))
  return { from, to, subject, ...layOut(config, { language: 'en', subject, blocks }) }
}
