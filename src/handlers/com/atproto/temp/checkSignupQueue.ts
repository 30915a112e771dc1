import { define } from '#lex/com/atproto/temp/checkSignupQueue'
import { session } from '#src/server/auth/policy.ts'

/** There is no queue on this host: whoever has an account has it at once. */
export default define({
  auth: session,
  oauth: 'never',
  handler: () => ({ activated: true }),
})
