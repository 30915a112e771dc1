import { define } from '#lex/com/atproto/repo/importRepo'
import { fullSession } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** Replaces the caller's repository by the one in the CAR file that is sent. */
export default define({
  auth: fullSession,
  async handler({ input, auth, app }) {
    unwrap(await app.account(auth.did).importRepo(input, []))
  },
})
