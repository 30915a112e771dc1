import { define } from '#lex/com/atproto/server/requestPasswordReset'
import { requestPasswordResetLimits } from '#src/context/limits/policy.ts'
import type { Services } from '#src/context/services.ts'
import { typedText } from '#src/kernel/typed-text.ts'
import { anyone } from '#src/server/auth/policy.ts'

/** How long an answer takes, in ms. */
const ANSWER_TIME = 350

/**
 * Answers the same, after the same time, whether or not there is an account with this address. The
 * reference answers 400 when there is none, and so tells anybody who has an account.
 */
export default define({
  auth: anyone,
  limits: requestPasswordResetLimits,
  async handler({ input, services, waitUntil }) {
    await services.mail.assertMayAsk(typedText(input.email))
    waitUntil(
      mailToken(services, input.email).catch((error: unknown) =>
        services.log.error('mailing a token for a new password failed', error),
      ),
    )
    await scheduler.wait(ANSWER_TIME)
  },
})

async function mailToken(services: Services, email: string): Promise<void> {
  const account = await services.directory.accounts.find('email', typedText(email))
  if (account) await services.mail.sendToken(account.did, 'reset_password')
}
