import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import { composeBurstMail } from '../../services/mail/burst-mail.ts'
import type { MailConfig } from '../../services/mail/layout.ts'
import type { Bursts } from '../../storage/directory/bursts.ts'
import type { Job } from '../scheduler.ts'
import type { Mails } from './mails.ts'

const DAY = 24 * 60 * 60 * 1000

export interface BurstNoticeParts {
  bursts: Pick<Bursts, 'untold' | 'markTold'>
  mails: () => Pick<Mails, 'addWith'>
  config: MailConfig & Pick<Config, 'mailFrom' | 'contactEmail'>
  /** Whether this host sends mail. */
  sends: boolean
  log: () => Pick<Logger, 'info'>
}

/** Tells the operator of a burst of sign-ups, once for each: in the log, and by mail where there is an address. */
export const tellOfBurst = ({ bursts, mails, config, sends, log }: BurstNoticeParts): Job => ({
  name: 'tell of many sign-ups',
  due: () => (bursts.untold() ? Date.now() : undefined),
  async run() {
    const episode = bursts.untold()
    if (!episode) return
    const { mailFrom: from, contactEmail: to } = config
    if (sends && to !== undefined) {
      const mail = composeBurstMail(episode, { config, from, to })
      await mails().addWith(mail, 'many sign-ups', DAY, (queue) => {
        queue()
        bursts.markTold(episode)
      })
    } else bursts.markTold(episode)
    const { count, networks, limit, domain } = episode
    log().info('many sign-ups: they are slowed down', {
      count,
      networks,
      limit,
      ...(domain !== null && { domain }),
    })
  },
})
