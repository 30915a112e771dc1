import type { Config } from '../../kernel/config/config.ts'
import type { Logger } from '../../kernel/log.ts'
import type { MailService } from './mail.ts'

/** What it takes to mail somebody who has just signed up. */
export interface ConfirmDependencies {
  readonly config: Pick<Config, 'signUps'>
  readonly mail: Pick<MailService, 'sendToken'>
  readonly log: Pick<Logger, 'error'>
}

/**
 * Mails a new account the code that confirms its address, where nothing of it leaves the host before. Should that fail,
 * the owner can ask for another one.
 */
export async function confirmAtSignUp(
  { config, mail, log }: ConfirmDependencies,
  { did, email }: { did: string; email: string | null },
): Promise<void> {
  if (!config.signUps.emailConfirmRequired || email === null) return
  await mail
    .sendToken(did, 'confirm_email')
    .catch((error: unknown) => log.error('mailing a code to a new account failed', error))
}
