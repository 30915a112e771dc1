import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { MailService } from './mail.ts'
import type { SignUps } from './sign-ups.ts'

/** What it takes to mail somebody who has just signed up. */
export interface GreetDependencies {
  readonly config: Pick<Config, 'signUps'>
  readonly mail: Pick<MailService, 'sendToken'>
  readonly signUps: Pick<SignUps, 'acknowledge'>
  readonly log: Pick<Logger, 'error'>
}

/**
 * Mails the owner of a new account what there is to wait for: the operator's approval, and the code that confirms the
 * address where nothing leaves the host before. Should that fail, the sign-up is good all the same.
 */
export async function greet(
  { config, mail, signUps, log }: GreetDependencies,
  { did, handle, email, awaitsApproval }: Account,
): Promise<void> {
  if (email === null) return
  const told = await Promise.allSettled([
    awaitsApproval && signUps.acknowledge({ did, handle, email }),
    config.signUps.emailConfirmRequired && mail.sendToken(did, 'confirm_email'),
  ])
  for (const one of told) {
    if (one.status === 'rejected') log.error('mailing somebody who signed up failed', one.reason)
  }
}
