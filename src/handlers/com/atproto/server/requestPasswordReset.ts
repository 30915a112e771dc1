import { define } from '#lex/com/atproto/server/requestPasswordReset'
import type { App } from '#src/app.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { requestPasswordResetLimits } from '#src/server/limits/policy.ts'
import { sendToken } from '#src/services/mail/tokens.ts'

/** How long an answer takes, in ms. */
const ANSWER_TIME = 350

/**
 * Answers the same, after the same time, whether or not there is an account with this address. The
 * reference answers 400 when there is none, and so tells anybody who has an account.
 */
export default define({
  auth: anyone,
  limits: requestPasswordResetLimits,
  async handler({ input, app }) {
    app.later(
      mailToken(app, input.email).catch((error: unknown) =>
        app.log.error('mailing a token for a new password failed', error),
      ),
    )
    await scheduler.wait(ANSWER_TIME)
  },
})

async function mailToken(app: App, email: string): Promise<void> {
  const resident = await app.directory.find('email', email.trim())
  if (resident) await sendToken(app, resident.did, 'reset_password')
}
